// Steps that are published, and waiting for them.
#include <tessera/memory/published.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>

#include <tessera/host/file_locks.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <signal.h>
#endif

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::Published;
using tessera::SharedArray;

using Numbers = SharedArray<std::int32_t, 1>;
using ConstNumbers = SharedArray<const std::int32_t, 1>;

TEST_CASE("a new array has published nothing") {
  const auto a = Numbers::create({4});
  CHECK(a.published() == 0);
  CHECK(a.wait_published(0, 0ns) == Published::timed_out);
}

TEST_CASE("a published step is seen through every mapping of the array, read-only ones too") {
  auto a = Numbers::create({4});
  const auto reader = ConstNumbers::attach(a.name());
  a.publish(7);
  CHECK(reader.published() == 7);
  CHECK(reader.wait_published(6, 0ns) == Published::advanced);
  CHECK(reader.wait_published(7, 0ns) == Published::timed_out);
}

TEST_CASE("the last step stands at offset 64 of the control block, for other languages") {
  auto a = Numbers::create({4});
  a.publish(0x0102030405060708);
  const auto* const word = a.segment()->control_block() + 64;
  std::uint64_t n = 0;
  std::memcpy(&n, word, sizeof n);
  CHECK(n == 0x0102030405060708);
}

TEST_CASE("a step may be published again, but none that is before it") {
  auto a = Numbers::create({4});
  a.publish(5);
  a.publish(5);
  const auto error = error_of([&] { a.publish(4); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "step 4 can't follow step 5"));
  CHECK(a.published() == 5);
}

TEST_CASE("files on disk and no array have no steps") {
  const Folder folder;
  auto file = Numbers::create_file(folder.file("x.npy"), {4});
  CHECK(error_of([&] { file.publish(1); }).errc() == Errc::invalid_argument);
  CHECK(has(error_of([&] { static_cast<void>(file.published()); }).what(), "a file has no steps"));
  CHECK(error_of([&] { file.wait_published(0, 1s); }).errc() == Errc::invalid_argument);
  Numbers none;
  CHECK(has(error_of([&] { none.publish(1); }).what(), "it holds no array"));
  CHECK(has(error_of([&] { none.wait_published(0, 1s); }).what(), "it holds no array"));
}

TEST_CASE("a wait ends when its time is over") {
  const auto a = Numbers::create({4});
  const auto began = std::chrono::steady_clock::now();
  CHECK(a.wait_published(0, 70ms) == Published::timed_out);
  CHECK(std::chrono::steady_clock::now() - began >= 70ms);
}

TEST_CASE("who waits for ever wakes at the next step, and sees what was written before it") {
  auto a = Numbers::create({4});
  auto wakes = Published::timed_out;
  std::int32_t seen = 0;
  std::thread reader([&] {
    const auto b = ConstNumbers::attach(a.name());
    wakes = b.wait_published(0, std::chrono::nanoseconds::max());
    seen = b(2);
  });
  a(2) = 42;
  a.publish(1);
  reader.join();
  CHECK(wakes == Published::advanced);
  CHECK(seen == 42);
}

TEST_CASE("a wait ends when the owner ends, after the steps that it has published") {
  auto a = Numbers::create({4});
  const auto reader = ConstNumbers::attach(a.name());
  a.publish(3);
  a = Numbers();
  CHECK(reader.wait_published(2, 20s) == Published::advanced);
  CHECK(reader.wait_published(3, 20s) == Published::owner_gone);
  CHECK(reader.published() == 3);
}

TEST_CASE("steps there and back wake who waits for them, sooner than a look after the owner") {
  auto there = Numbers::create({1}), back = Numbers::create({1});
  constexpr std::uint64_t trips = 200;
  std::thread other([&] {
    for (std::uint64_t n = 0; n < trips; ++n) {
      there.wait_published(n, 20s);
      back.publish(n + 1);
    }
  });
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t n = 0; n < trips; ++n) {
    there.publish(n + 1);
    back.wait_published(n, 20s);
  }
  other.join();
  // Without a wake each trip would take up to 50 ms: 10 s in all.
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("the owner's end wakes who waits, sooner than a look after the owner") {
  auto shortest = std::chrono::nanoseconds::max();
  for (int k = 0; k < 20 && shortest > 25ms; ++k) {
    auto a = Numbers::create({4});
    const auto b = ConstNumbers::attach(a.name());
    std::chrono::steady_clock::time_point told;
    std::thread reader([&] {
      b.wait_published(0, 20s);
      told = std::chrono::steady_clock::now();
    });
    await_sleepers();  // it sleeps for 50 ms, if nobody wakes it
    const auto ended = std::chrono::steady_clock::now();
    a = Numbers();
    reader.join();
    shortest = std::min<std::chrono::nanoseconds>(shortest, told - ended);
  }
  CHECK(shortest <= 25ms);
}

TEST_CASE("who waits wakes when the owner ends") {
  auto a = Numbers::create({4});
  auto wakes = Published::timed_out;
  const auto b = ConstNumbers::attach(a.name());
  std::thread reader([&] { wakes = b.wait_published(0, std::chrono::nanoseconds::max()); });
  a = Numbers();
  reader.join();
  CHECK(wakes == Published::owner_gone);
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a wait ends when the owner is killed, and what has its name by then is another array") {
  const auto name = unique_name();
  Child owner([&] {
    auto a = Numbers::create(name, {4});
    a.publish(1);
    for (;;) std::this_thread::sleep_for(1s);
  });
  const auto reader = ConstNumbers::attach(name, 20s);
  CHECK(reader.wait_published(0, 20s) == Published::advanced);
  CHECK(reader.wait_published(1, 60ms) == Published::timed_out);
  owner.kill(SIGKILL);
  CHECK(reader.wait_published(1, 20s) == Published::owner_gone);
  owner.failure();
  auto next = Numbers::create(name, {4});
  next.publish(9);
  CHECK(reader.wait_published(1, 20s) == Published::owner_gone);
}

TEST_CASE("a kept array has no owner whose end could be told") {
  const auto name = unique_name();
  CHECK(failure_in_child([&] {
          auto a = Numbers::create(name, {4});
          a.keep();
          a.publish(2);
        }) == "");
  const auto reader = ConstNumbers::attach(name);
  CHECK(reader.wait_published(2, 60ms) == Published::timed_out);
  auto writer = Numbers::attach(name);
  writer.publish(3);
  CHECK(reader.wait_published(2, 0ns) == Published::advanced);
  CHECK(Numbers::remove(name));
}

TEST_CASE("a wait goes on though somebody has removed the name of a living owner") {
  auto a = Numbers::create({4});
  const auto reader = ConstNumbers::attach(a.name());
  if (!tessera::host::FileLocks().owned(reader.segment()->file_id()))
    return skip("this system does not tell who holds a lock");
  std::filesystem::remove(shm_path(a.name()));
  CHECK(reader.wait_published(0, 120ms) == Published::timed_out);
  std::filesystem::create_symlink("/nowhere", shm_path(a.name()));
  CHECK(reader.wait_published(0, 60ms) == Published::timed_out);
  std::filesystem::remove(shm_path(a.name()));
  a.publish(1);
  CHECK(reader.wait_published(0, 0ns) == Published::advanced);
}

TEST_CASE("a wait leaves no file open") {
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto a = Numbers::create({4});
  const auto reader = ConstNumbers::attach(a.name());
  const auto before = count();
  reader.wait_published(0, 120ms);
  CHECK(count() == before);
}
#endif
