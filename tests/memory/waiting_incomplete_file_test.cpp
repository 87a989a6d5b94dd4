// Names that others write without our help, and names that are no files at all: waiting for the
// first, and leaving the second alone.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <tessera/format/npy_codec.hpp>
#include <tessera/memory/catalog.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::Segment;
using tessera::SegmentName;
using tessera::host::Access;
namespace catalog = tessera::catalog;

namespace {

/// As NumPy writes 1000 integers, their values their indices.
std::string npy_file() {
  std::vector<std::int32_t> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i);
  return tessera::npy::encode(tessera::dtype_of<std::int32_t>(), std::vector<std::size_t>{1000}) +
         std::string(reinterpret_cast<const char*>(values.data()), 4000);
}

std::shared_ptr<Segment> wait_for(const std::string& name, std::chrono::nanoseconds wait) {
  return Segment::attach(SegmentName(name), Access::read_only, wait);
}

/// Attaches while another thread writes what is missing as soon as somebody looks.
void check_completed(const std::string& first, const std::string& rest_at) {
  const auto name = unique_name();
  const Planted planted(name, first);
  const auto all = npy_file();
  std::jthread writer([&] {
    std::this_thread::sleep_for(20ms);  // any time is right: the other waits
    write_file(shm_path(name), all);
  });
  INFO(rest_at);
  const auto found = wait_for(name, 20s);
  writer.join();
  CHECK(found->header().shape == std::vector<std::size_t>{1000});
  CHECK(reinterpret_cast<const std::int32_t*>(found->data())[999] == 999);
}

}  // namespace

TEST_CASE("attaching with a wait waits for whoever is still writing the file") {
  const auto all = npy_file();
  check_completed("", "an empty file");
  check_completed(std::string(8, '\0'), "eight zeros");
  check_completed(std::string(all.size(), '\0'), "all zeros");
  check_completed(all.substr(0, 4), "the magic");
  check_completed(all.substr(0, 60), "a part of the header");
  check_completed(all.substr(0, 128), "the header");
  check_completed(all.substr(0, all.size() - 1), "all but one byte");
}

TEST_CASE("a file that grows byte by byte is attached when it is whole, and not before") {
  const auto name = unique_name();
  const Removed at_end(shm_path(name));
  const auto all = npy_file();
  std::jthread writer([&] {
    const int file = ::open(shm_path(name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    for (const char byte : all)
      if (::write(file, &byte, 1) != 1) break;
    ::close(file);
  });
  const auto found = wait_for(name, 20s);
  CHECK(std::string(reinterpret_cast<const char*>(found->data()), 4000) == all.substr(128));
  writer.join();
}

TEST_CASE("a wait for a file that never becomes an array says at its end what was seen") {
  const auto all = npy_file();
  const auto told = [](const std::string& bytes, std::chrono::nanoseconds wait) {
    const auto name = unique_name();
    const Planted planted(name, bytes);
    const auto start = std::chrono::steady_clock::now();
    const auto error = error_of([&] { wait_for(name, wait); });
    CHECK(std::chrono::steady_clock::now() - start >= wait);
    CHECK(error.errc() == (wait > 0ns ? Errc::timed_out : Errc::not_an_array));
    CHECK(error.subject() == name);
    return std::string(error.what());
  };
  for (const auto wait : {0ms, 30ms}) {
    CHECK(has(told(all.substr(0, 640), wait), "truncated: 640 bytes of 4128"));
    CHECK(has(told("some text that is no array", wait), "not a readable .npy array"));
    CHECK(has(told("", wait), "not a readable .npy array"));
  }
  CHECK(has(told("", 30ms), "wait longer"));
}

TEST_CASE("what can't become an array by waiting is an Error at once") {
  const auto name = unique_name();
  const Removed at_end(shm_path(name));
  REQUIRE(::symlink("/nowhere", shm_path(name).c_str()) == 0);
  // Not timed out: the deadline is far.
  CHECK(error_of([&] { wait_for(name, 1h); }).errc() != Errc::timed_out);
}

TEST_CASE("nothing that knows names disturbs a fifo, who waits at it or what is in it") {
  CHECK(failure_in_private_shm(MiB, [] {
          const auto path = shm_path("fifo");
          const Removed at_end(path);
          must(::mkfifo(path.c_str(), 0600) == 0, "there is a fifo");
          Child writer([&] {
            const int end = ::open(path.c_str(), O_WRONLY);  // waits for a reader
            must(::write(end, "hello", 5) == 5, "its words are written");
          });
          const auto waits = [&] { return asleep(writer.pid()); };
          must(wait_until(waits), "the writer waits");
          const auto undisturbed = [&](const std::string& what) {
            for (int look = 0; look < 20; ++look) {
              must(waits(), "the writer still waits after " + what);
              std::this_thread::sleep_for(100us);
            }
          };
          const SegmentName name("fifo");
          must(catalog::list().size() == 1, "it is listed");
          must(catalog::list()[0].kind == catalog::Entry::Kind::foreign, "as foreign");
          undisturbed("list");
          must(catalog::reap().empty(), "it is no orphan");
          undisturbed("reap");
          must(error_of([&] { catalog::remove(name.str()); }).errc() == Errc::not_permitted,
               "not ours");
          undisturbed("remove");
          must(error_of([&] { create("fifo"); }).errc() == Errc::name_taken, "it has the name");
          undisturbed("create");
          for (const auto access : {Access::read_only, Access::read_write}) {
            const auto error = error_of([&] { Segment::attach(name, access, 1h); });
            must(error.errc() == Errc::not_an_array && has(error.what(), "fifo"), error.what());
          }
          undisturbed("attach");
          must(error_of([&] { Segment::map_file(path, Access::read_only); }).errc() ==
                   Errc::not_an_array,
               "it is no file to be mapped");
          undisturbed("map_file");
          must(bytes_of(path) == "hello", "its reader gets the words");
          must(writer.failure().empty(), "and the writer ends well");
        }) == "");
}
