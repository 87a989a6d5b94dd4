// Segments that are files of a folder: their bytes, names that outlive processes, orphans, forks.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/statvfs.h>
#include <unistd.h>

#include <tessera/format/npy_codec.hpp>
#include <tessera/memory/orphan.hpp>
#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::dtype_of;
using tessera::Errc;
using tessera::Permission;
using tessera::Segment;
using tessera::SegmentName;
using tessera::SegmentState;
using tessera::host::Access;
using Extents = std::vector<std::size_t>;

namespace {

std::string hex(const std::string& bytes) {
  std::ostringstream out;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    out << std::hex << std::setw(2) << std::setfill('0')
        << static_cast<int>(static_cast<unsigned char>(bytes[i])) << (i % 16 == 15 ? '\n' : ' ');
  return out.str();
}

std::uint32_t state_of(const std::string& bytes, std::size_t control_at) {
  std::uint32_t state = 0;
  bytes.copy(reinterpret_cast<char*>(&state), sizeof state, control_at + 12);
  return state;
}

}  // namespace

TEST_CASE("a segment is its user's alone unless the group is let in too") {
  const auto name = unique_name();
  const auto mine = create(name);
  const auto ours =
      Segment::create(std::nullopt, dtype_of<double>(), Extents{2}, Permission::group);
  const auto mode = [](const auto& path) { return std::filesystem::status(path).permissions(); };
  CHECK(mode(mine->path()) == std::filesystem::perms(0600));
  CHECK(mode(ours->path()) == std::filesystem::perms(0660));
}

TEST_CASE("the owner's end removes the name, whoever is attached") {
  const auto name = unique_name();
  auto owner = create(name);
  const auto guest = attach(name);
  CHECK(guest->file_id() == owner->file_id());
  owner.reset();
  CHECK_FALSE(exists(shm_path(name)));
}

TEST_CASE("a whole segment is, byte for byte, what the layout says") {
  const auto name = unique_name();
  const auto segment = create(name);
  const std::int32_t values[] = {1, -2, 3, 4, 5, 600};
  std::memcpy(segment->data(), values, sizeof values);
  auto bytes = bytes_of(shm_path(name));
  REQUIRE(bytes.size() == 192 + 128);
  // The random and the local: identity, owner, inode, time.
  CHECK(bytes.substr(192 + 16, 16) != std::string(16, '\0'));
  CHECK(bytes.substr(192 + 32, 16) != std::string(16, '\0'));
  CHECK(bytes.substr(192 + 56, 8) != std::string(8, '\0'));
  std::uint64_t inode = 0;
  bytes.copy(reinterpret_cast<char*>(&inode), 8, 192 + 48);
  CHECK(inode == segment->file_id().inode);
  bytes.replace(192 + 16, 48, 48, '\0');
  CHECK(hex(bytes) == bytes_of(TESSERA_TEST_DIR "/memory/golden_segment.hex"));
}

TEST_CASE("a kept segment stays when its owner ends, and is nobody's") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  auto owner = create(name);
  owner->keep();
  CHECK_FALSE(owner->owned());
  CHECK(error_of([&] { owner->keep(); }).errc() == Errc::invalid_argument);
  owner.reset();
  REQUIRE(exists(shm_path(name)));
  CHECK(state_of(bytes_of(shm_path(name)), 192) == static_cast<std::uint32_t>(SegmentState::kept));
  CHECK_FALSE(tessera::detail::remove_orphan(name));
  CHECK_FALSE(attach(name)->owned());
  CHECK(error_of([&] { create(name); }).errc() == Errc::name_taken);
  CHECK(exists(shm_path(name)));
}

TEST_CASE("a name can be used again once its owner has ended, for another array") {
  const auto name = unique_name();
  auto first = create(name);
  const auto old = attach(name);
  old->data()[0] = std::byte{42};
  first.reset();
  const auto second = create(name, {4});
  CHECK(second->identity() != old->identity());
  CHECK(second->data()[0] == std::byte{0});
  CHECK(old->data()[0] == std::byte{42});
  CHECK(attach(name)->header().shape == Extents{4});
}

TEST_CASE("an owner never removes an array that has taken over its name") {
  const auto name = unique_name();
  auto first = create(name);
  ::unlink(shm_path(name).c_str());
  const auto second = create(name);
  first.reset();
  CHECK(exists(shm_path(name)));
  CHECK(attach(name)->identity() == second->identity());
}

TEST_CASE("a name that is a link to a segment is refused, and the link is no orphan") {
  const auto name = unique_name(), link = unique_name("link");
  const Removed removed(shm_path(link));
  const auto owner = create(name);
  std::filesystem::create_symlink(shm_path(name), shm_path(link));
  CHECK(error_of([&] { attach(link); }).errc() == Errc::not_an_array);
  CHECK(error_of([&] { create(link); }).errc() == Errc::name_taken);
  CHECK(exists(shm_path(link)));
}

TEST_CASE("a forked child's copies of an owner neither remove nor end it") {
  const auto name = unique_name();
  auto owner = create(name);
  CHECK(failure_in_child([&] {
          must(!owner->owned(), "not the child's");
          owner->data()[0] = std::byte{9};
          owner->end();
          owner.reset();
        }) == "");
  CHECK(exists(shm_path(name)));
  CHECK_FALSE(owner->ended());
  CHECK(owner->data()[0] == std::byte{9});
}

TEST_CASE("creating takes over the name of a proven orphan") {
  CHECK(failure_in_private_shm(MiB, [] {
          must(failure_in_child([] {
                 const auto owner = create("x");
                 owner->data()[0] = std::byte{1};
                 ::_exit(0);
               }).empty(),
               "an orphan");
          must(exists(shm_path("x")), "it is there");
          const auto guest = attach("x");
          const auto owner = create("x");
          must(owner->data()[0] == std::byte{0}, "the new array is new");
          must(guest->data()[0] == std::byte{1}, "who was attached keeps the old one");
        }) == "");
}

TEST_CASE("a full /dev/shm is an Error with the bytes wanted and free, and nothing is left") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto other = create("other", {MiB / 2});
          const auto error = error_of([] { create("x", {MiB / 2}); });
          must(error.errc() == Errc::no_space, "it is no_space");
          must(error.subject() == "x", "it names the array");
          for (const auto* part : {"wants 2097408 bytes", "2093056 free", "--shm-size"})
            must(has(error.what(), part), std::string(part) + " in " + error.what());
          must(!exists(shm_path("x")), "no name");
          struct statvfs fs {};
          must(::statvfs(tessera::host::segment_folder(), &fs) == 0 &&
                   fs.f_bfree * fs.f_frsize == 2093056,
               "no memory");
          create("x", {MiB / 4});
        }) == "");
}

TEST_CASE("another user's segment is refused unless any user will do") {
  const auto name = unique_name();
  if (::geteuid() != 0) return skip("only root can give files away");
  const auto owner = create(name);
  REQUIRE(::chown(shm_path(name).c_str(), 12345, 12345) == 0);
  const auto error = error_of([&] { attach(name); });
  CHECK(error.errc() == Errc::not_permitted);
  CHECK(has(error.what(), "any_user"));
  CHECK(Segment::attach(SegmentName(name), Access::read_only, {}, true)->header().shape ==
        Extents{2, 3});
}

TEST_CASE("attaching keeps no descriptor") {
  const auto name = unique_name();
  const auto owner = create(name);
  CHECK(failure_in_child([&] {
          const auto count = [] {
            return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
          };
          const auto before = count();
          std::vector<std::shared_ptr<Segment>> all;
          for (int i = 0; i < 100; ++i) all.push_back(attach(name));
          must(count() == before, "no more descriptors than before");
        }) == "");
}

TEST_CASE("the name's end is exact when many threads create and end segments while others fork") {
  const auto name = unique_name();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) create(name + "-" + std::to_string(t)).reset();
    });
  std::vector<std::string> failures;
  for (int i = 0; i < 20; ++i) failures.push_back(failure_in_child([] {}));
  for (auto& thread : threads) thread.join();
  CHECK(failures == std::vector<std::string>(20));
  for (int t = 0; t < 3; ++t) CHECK_FALSE(exists(shm_path(name + "-" + std::to_string(t))));
}

TEST_CASE("the holes of a file that others left in the folder are reserved, or that is an Error") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto sparse = [](const std::string& name, std::size_t count) {
            write_file(shm_path(name),
                       tessera::npy::encode(dtype_of<std::int32_t>(), Extents{count}));
            must(::truncate(shm_path(name).c_str(), static_cast<off_t>(128 + 4 * count)) == 0,
                 "it is sparse");
          };
          sparse("large", 2 * MiB);
          sparse("small", MiB / 4);
          const auto error = error_of([] { attach("large"); });
          must(error.errc() == Errc::no_space, error.what());
          const auto segment = attach("small");
          write_file(shm_path("other"), std::string(4 * MiB, 'x'));  // as far as it goes
          std::memset(segment->data(), 3, MiB);
          for (const auto* name : {"large", "small", "other"}) ::unlink(shm_path(name).c_str());
        }) == "");
}

TEST_CASE("a segment that somebody has made shorter is not whole") {
  const auto name = unique_name();
  const auto segment = create(name);
  const auto other = attach(name);
  CHECK(segment->is_whole());
  CHECK(other->is_whole());
  REQUIRE(::truncate(segment->path().c_str(), 64) == 0);
  CHECK_FALSE(segment->is_whole());
  CHECK_FALSE(other->is_whole());
  REQUIRE(::unlink(segment->path().c_str()) == 0);
  CHECK(segment->is_whole());  // nobody knows
}
