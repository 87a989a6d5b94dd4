// Producers of steps that are killed at any moment, and readers that are stopped meanwhile.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>

#include <tessera/memory/frames.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/soak.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using tessera::Published;
using tessera::SharedArray;

namespace {

constexpr std::size_t side = 64;

/// Writes steps, whose elements are all alike, as fast as it can.
[[noreturn]] void produce(const std::string& name, std::size_t slots) {
  auto ring = SharedArray<std::uint64_t, 3>::create(name, {slots, side, side});
  for (std::uint64_t n = 1;; ++n) {
    auto now = ring.write_step(n);
    auto view = now.view();
    std::fill_n(view.data(), side * side, n);
  }
}

struct Seen {
  std::uint64_t frames = 0, overwritten = 0;
  std::chrono::nanoseconds told{};  ///< from the last frame to the news of the owner's end
};

using ReadOnlyRing = SharedArray<const std::uint64_t, 3>;

/// Reads the latest steps until the owner has ended. Throws if a frame is torn.
Seen consume(const ReadOnlyRing& ring) {
  Seen out;
  auto last = Clock::now();
  for (std::uint64_t seen = 0;;) {
    const auto how = ring.wait_published(seen, 20s);
    must(how != Published::timed_out, "a step, or the end of the producer, is told");
    if (how == Published::owner_gone) {
      out.told = Clock::now() - last;
      return out;
    }
    last = Clock::now();
    const auto frame = ring.latest();
    const auto view = frame.view();
    const auto [least, greatest] = std::minmax_element(view.data(), view.data() + side * side);
    const auto low = *least, high = *greatest;
    must(frame.step() > seen, "steps grow");
    seen = frame.step();
    if (!frame.whole()) {
      ++out.overwritten;
      continue;
    }
    must(low == seen && high == seen, "no frame is torn");
    ++out.frames;
  }
}

/// A producer is killed after that time, while one reader reads and another one is stopped and
/// continued.
Seen kill_a_producer(std::chrono::microseconds after, std::mt19937& random) {
  const auto name = unique_name("ring");
  const std::size_t slots = 1 + random() % 3;
  Child producer([&] { produce(name, slots); });
  const auto ring = ReadOnlyRing::attach(name, 20s);
  Child stopped([&] { consume(ring); });
  Child killer([&] {
    const auto end = Clock::now() + after;
    std::mt19937 own(random());
    for (auto left = end - Clock::now(); left.count() > 0; left = end - Clock::now()) {
      stopped.kill(SIGSTOP);
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(left, std::chrono::microseconds(own() % 500)));
      stopped.kill(SIGCONT);
      std::this_thread::sleep_for(std::chrono::microseconds(own() % 500));
    }
    stopped.kill(SIGCONT);
    producer.kill(SIGKILL);
  });
  const auto seen = consume(ring);
  must(killer.failure().empty(), "the killer ends");
  must(stopped.failure().empty(), "the reader that was stopped has seen no torn frame");
  must(producer.failure() == "killed by signal 9", "the producer was killed");
  SharedArray<int, 1>::remove(name);  // unless another test's pool has removed the orphan
  return seen;
}

}  // namespace

TEST_CASE("producers killed at any moment: no torn step is accepted, and their end is told") {
  std::mt19937 random(18);
  Seen all;
  const auto deadline = Clock::now() + 40s;
  for (int k = 0; k < 25 || (all.frames < 100 && Clock::now() < deadline); ++k) {
    const auto seen = kill_a_producer(std::chrono::microseconds(random() % 8000), random);
    all.frames += seen.frames;
  }
  CHECK(all.frames >= 100);
}

TEST_CASE("producers killed for as long as a soak takes", "[.soak]") {
  std::mt19937 random(soak_seed());
  const auto end = Clock::now() + soak_span();
  Seen all;
  std::uint64_t kills = 0, late = 0;
  for (; Clock::now() < end; ++kills) {
    const auto seen = kill_a_producer(std::chrono::microseconds(random() % 8000), random);
    all.frames += seen.frames;
    all.overwritten += seen.overwritten;
    all.told = std::max(all.told, seen.told);
    late += seen.told > 100ms ? 1 : 0;
  }
  std::printf(
      "%llu producers killed: %llu steps read whole, %llu were overwritten meanwhile, none torn; "
      "the "
      "longest wait for the news of an end: %lld ms\n",
      static_cast<unsigned long long>(kills), static_cast<unsigned long long>(all.frames),
      static_cast<unsigned long long>(all.overwritten),
      static_cast<long long>(
          std::chrono::duration_cast<std::chrono::milliseconds>(all.told).count()));
  std::printf("%llu of them were told of later than 100 ms after the last step\n",
              static_cast<unsigned long long>(late));
  CHECK(all.frames > kills);
  CHECK(late * 100 <= kills);  // a busy machine is slow at times
}
