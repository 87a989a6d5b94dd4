#include <tessera/pool/caller/job_buffer.hpp>
#include <tessera/pool/worker/attachments.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/maps.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::detail::Attachments;
using tessera::detail::record_of;

namespace {

tessera::Segment& find_in(Attachments& attachments, const tessera::Segment& segment,
                          bool writes = true) {
  return attachments.find(record_of(segment, writes), segment.subject(), tessera::host::own_pid());
}

}  // namespace

#if defined(TESSERA_POSIX)  // /proc
TEST_CASE("a worker attaches an array once and keeps the attachment from job to job") {
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1000});
  const int pid = only_worker(pool);
  REQUIRE(maps_of(pid, inode_of(a)).empty());
  pool.map({10}, add_one, into(a));
  const auto before = maps_of(pid, inode_of(a));
  REQUIRE(before.size() == 1);
  for (int round = 0; round < 10; ++round) pool.map({7}, add_one, into(a));
  REQUIRE(maps_of(pid, inode_of(a)) == before);
  REQUIRE(a(999) == 11);
}
#endif

TEST_CASE("an array that is only read is mapped without write access") {
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1000});
  auto out = SharedArray<int, 1>::create({1000});
  struct ReadOnly {
    bool out, a;
  };
  const auto there = pool.map(
      {1000},
      [](auto v, auto x) {
        v = x;
        return ReadOnly{is_read_only(&v(0)), is_read_only(&x(0))};
      },
      into(out), a)(0);
  CHECK(there.a);
  CHECK_FALSE(there.out);
}

#if defined(TESSERA_POSIX)  // nothing is kept
TEST_CASE("an array that was kept and attached anew is still the workers' attachment") {
  TiledPool pool(1);
  const auto name = unique_name();
  {
    auto a = SharedArray<int, 1>::create(name, {100});
    a.keep();
    pool.map({10}, add_one, into(a));
  }
  auto again = SharedArray<int, 1>::attach(name);
  const int pid = only_worker(pool);
  const auto before = maps_of(pid, inode_of(again));
  REQUIRE(before.size() == 1);
  pool.map({10}, add_one, into(again));
  REQUIRE(maps_of(pid, inode_of(again)) == before);
  REQUIRE(again(99) == 2);
  REQUIRE(SharedArray<int, 1>::remove(name));
}
#endif

#if defined(TESSERA_POSIX)  // names can't be removed
TEST_CASE("a name that now leads to another array is an Error") {
  TiledPool pool(2);
  const auto name = unique_name();
  auto first = SharedArray<int, 1>::create(name, {50});
  REQUIRE(::unlink(shm_path(name).c_str()) == 0);
  auto second = SharedArray<int, 1>::create(name, {50});
  const auto error = job_error_of([&] { pool.map({5}, add_one, into(first)); });
  REQUIRE(error.errc() == Errc::replaced);
  REQUIRE(has(error.what(), name));
  REQUIRE(error.unfinished.size() == 10);
  pool.map({5}, add_one, into(second));
  for (const int element : second) REQUIRE(element == 1);
  for (const int element : first) REQUIRE(element == 0);
  // Another worker would find the same: none is replaced for it.
  REQUIRE(job_error_of([&] { pool.map({5}, add_one, into(first)); }).errc() == Errc::replaced);
  REQUIRE(pool.report().workers_lost == 0);
}
#endif

#if defined(TESSERA_POSIX)  // files that are mapped can't be removed
TEST_CASE("a file that was replaced before the workers knew it is an Error") {
  const Folder folder;
  TiledPool pool(2);
  const auto path = folder.file("a.npy");
  auto first = SharedArray<int, 1>::create_file(path, {50});
  REQUIRE(::unlink(path.c_str()) == 0);
  auto second = SharedArray<int, 1>::create_file(path, {50});
  const auto error = job_error_of([&] { pool.map({5}, add_one, into(first)); });
  REQUIRE(error.errc() == Errc::replaced);
  pool.map({5}, add_one, into(second));
  REQUIRE(second(49) == 1);
}
#endif

TEST_CASE("an array that is asked for again is the same mapping") {
  const auto segment = create(unique_name());
  Attachments attachments;
  const auto* const data = find_in(attachments, *segment).data();
  CHECK(data != segment->data());
  CHECK(find_in(attachments, *segment).data() == data);
  CHECK(find_in(attachments, *segment, false).data() == data);  // what can be written can be read
}

TEST_CASE("a mapping that can only be read serves no job that writes") {
  const auto segment = create(unique_name());
  Attachments attachments;
  const auto* const read = find_in(attachments, *segment, false).data();
  CHECK(is_read_only(read));
  const auto* const written = find_in(attachments, *segment).data();
  CHECK(written != read);
  CHECK_FALSE(is_read_only(written));
}

TEST_CASE("a name that leads to another array than the job's is refused") {
  const auto segment = create(unique_name()), other = create(unique_name());
  Attachments attachments;
  const auto error = error_of([&] {
    attachments.find(record_of(*segment, true), other->name(), tessera::host::own_pid());
  });
  CHECK(error.errc() == Errc::replaced);
  CHECK(error.subject() == other->name());
}

TEST_CASE("a file is found by its path and its inode") {
  const Folder folder;
  auto first = SharedArray<int, 1>::create_file(folder.file("a.npy"), {5});
  auto second = SharedArray<int, 1>::create_file(folder.file("b.npy"), {5});
  first(4) = 3;
  Attachments attachments;
  auto& found = find_in(attachments, *first.segment());
  CHECK(reinterpret_cast<const int*>(found.data())[4] == 3);
  CHECK(error_of([&] {
          attachments.find(record_of(*second.segment(), true), first.path(),
                           tessera::host::own_pid());
        }).errc() == Errc::replaced);
}

TEST_CASE("an array whose block a kernel has written over is told as that") {
  const auto segment = create(unique_name());
  auto* const behind = segment->data() + 64;  // 24 bytes and padding
  REQUIRE(*behind == std::byte{'T'});
  *behind = std::byte{0};
  Attachments attachments;
  const auto error = error_of([&] { find_in(attachments, *segment); });
  CHECK(error.errc() == Errc::kernel_failed);
  CHECK(has(error.what(), "behind the end"));
  segment->restore();
  find_in(attachments, *segment);
}

TEST_CASE("arrays whose owner has ended are dropped, others stay") {
  auto ends = create(unique_name());
  const auto stays = create(unique_name());
  Attachments attachments;
  const void* const gone = find_in(attachments, *ends).data();
  const void* const there = find_in(attachments, *stays).data();
  attachments.drop_ended();
  CHECK(is_mapped(gone));
  ends->end();
  attachments.drop_ended();
  CHECK_FALSE(is_mapped(gone));
  CHECK(find_in(attachments, *stays).data() == there);
}

#if defined(TESSERA_POSIX)  // names can't be removed
TEST_CASE("arrays whose name somebody has removed are dropped by who is idle") {
  const auto segment = create(unique_name());
  Attachments attachments;
  const void* const mapped = find_in(attachments, *segment).data();
  attachments.drop_nameless();
  CHECK(is_mapped(mapped));
  REQUIRE(::unlink(segment->path().c_str()) == 0);
  attachments.drop_ended();
  CHECK(is_mapped(mapped));
  attachments.drop_nameless();
  CHECK_FALSE(is_mapped(mapped));
}

TEST_CASE("an array whose name was removed is reached through who has it") {
  const auto segment = create(unique_name());
  segment->data()[3] = std::byte{9};
  REQUIRE(::unlink(segment->path().c_str()) == 0);
  Attachments attachments;
  CHECK(find_in(attachments, *segment).data()[3] == std::byte{9});
  auto other = record_of(*segment, true);
  other.identity[0] ^= 1;
  CHECK(error_of([&] {
          attachments.find(other, segment->subject(), tessera::host::own_pid());
        }).errc() == Errc::name_missing);
}
#endif
