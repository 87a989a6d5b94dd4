#include <tessera/memory/waiting.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

#if defined(TESSERA_POSIX)
#include <unistd.h>
#endif

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::Segment;
using tessera::SegmentName;
using tessera::detail::wait_for_segment;
using tessera::host::Access;

TEST_CASE("a wait that ends in vain is an Error at its deadline") {
  const auto start = std::chrono::steady_clock::now();
  const auto error =
      error_of([] { Segment::attach(SegmentName(unique_name()), Access::read_only, 30ms); });
  CHECK(error.errc() == Errc::timed_out);
  CHECK(std::chrono::steady_clock::now() - start >= 30ms);
}

#if defined(TESSERA_POSIX)  // fork
namespace {

/// Creates the name once that process waits, and stays until it has written to the array.
void create_for_a_waiter(const std::string& name, int waiter) {
  must(wait_until([&] { return asleep(waiter); }), "somebody waits");
  const auto owner = create(name);
  must(wait_until([&] { return owner->data()[0] == std::byte{1}; }), "the waiter has come");
}

}  // namespace
#endif

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("attach waits for a name that appears later") {
  const auto name = unique_name();
  Child creator([&] { create_for_a_waiter(name, ::getppid()); });
  const auto segment = Segment::attach(SegmentName(name), Access::read_write, 20s);
  segment->data()[0] = std::byte{1};
  CHECK(creator.failure() == "");
}
#endif

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("attach can wait for ever") {
  const auto name = unique_name();
  Child creator([&] { create_for_a_waiter(name, ::getppid()); });
  const auto longest = std::chrono::nanoseconds::max();
  Segment::attach(SegmentName(name), Access::read_write, longest)->data()[0] = std::byte{1};
  CHECK(creator.failure() == "");
}
#endif

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("creating waits a moment for memory that is about to be free") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          auto other = create("other", {3 * MiB / 4});
          const auto waiter = ::getpid();
          std::thread frees([&] {
            must(wait_until([&] { return asleep(waiter); }), "the creator waits");
            other.reset();
          });
          const auto segment = create("x", {3 * MiB / 4});
          frees.join();
        }) == "");
}
#endif

TEST_CASE("what is there at once is looked at once, however short the wait") {
  int looks = 0;
  const auto look = [&](std::string*) {
    ++looks;
    return std::make_shared<int>(5);
  };
  CHECK(*wait_for_segment(look, 0ns, "x") == 5);
  CHECK(looks == 1);
}

TEST_CASE("a wait looks again until something is there") {
  int looks = 0;
  const auto look = [&](std::string*) {
    return ++looks < 4 ? std::shared_ptr<int>() : std::make_shared<int>(looks);
  };
  CHECK(*wait_for_segment(look, std::chrono::nanoseconds::max(), "x") == 4);
}

TEST_CASE("a wait that ends tells what it saw at its last look") {
  const auto waited = [](const std::string& seen) {
    return error_of([&] {
      wait_for_segment(
          [&](std::string* out) {
            *out = seen;
            return std::shared_ptr<int>();
          },
          0ns, "the name");
    });
  };
  CHECK(waited("").errc() == Errc::timed_out);
  CHECK(has(waited("").what(), "did not appear"));
  CHECK(waited("").subject() == "the name");
  CHECK(has(waited("it is truncated").what(), "it is truncated"));
}
