// The counters of steps, and what they promise: no reader takes a slot for a step that it is not.
#include <tessera/memory/step_counters.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using tessera::ControlBlock;
using tessera::detail::StepCounters;

namespace {

struct Block {
  alignas(64) ControlBlock bytes{};
  StepCounters counters() { return StepCounters(reinterpret_cast<std::byte*>(&bytes)); }
};

/// A ring of two halves a slot, as a writer leaves it after any number of its actions.
struct Ring {
  static constexpr std::size_t slots = 3;
  Block block;
  std::array<std::array<std::uint64_t, 2>, slots> halves{};
};

/// What a writer does for a step, action by action. `dies_after`: so many of them, then a new
/// writer goes on.
void write(Ring& ring, std::uint64_t n, int actions) {
  auto& slot = ring.halves[(n - 1) % Ring::slots];
  if (actions > 0) ring.block.counters().begin(n);
  if (actions > 1) slot[0] = n;
  if (actions > 2) slot[1] = n;
  if (actions > 3) ring.block.counters().publish(n);
}
constexpr int all_actions = 4;

/// A history of a ring: steps, and how many of its actions each writer came to.
struct Written {
  std::uint64_t step;
  int actions;
};
using History = std::vector<Written>;

std::size_t actions_of(const History& history) {
  std::size_t out = 0;
  for (const auto& one : history) out += static_cast<std::size_t>(one.actions);
  return out;
}

/// The ring after so many actions of the history.
Ring ring_after(const History& history, std::size_t actions) {
  Ring out;
  for (const auto& one : history) {
    const auto here = std::min<std::size_t>(actions, static_cast<std::size_t>(one.actions));
    write(out, one.step, static_cast<int>(here));
    actions -= here;
  }
  return out;
}

/// Tries every moment at which a reader may look at the last step, read the one half of it, the
/// other half, and ask whether it is whole. Counts what it took for a step.
std::size_t accepted(const History& history) {
  const auto end = actions_of(history);
  std::vector<Ring> at;
  for (std::size_t k = 0; k <= end; ++k) at.push_back(ring_after(history, k));
  std::size_t out = 0;
  for (std::size_t a = 0; a <= end; ++a) {
    const auto last = at[a].block.counters().published();
    for (std::uint64_t n = 1; n <= last; ++n) {
      if (!at[a].block.counters().in_ring(n)) continue;
      const auto slot = (n - 1) % Ring::slots;
      for (std::size_t b = a; b <= end; ++b)
        for (std::size_t c = b; c <= end; ++c)
          for (std::size_t d = c; d <= end; ++d) {
            if (!at[d].block.counters().whole(n, Ring::slots)) continue;
            ++out;
            REQUIRE(at[b].halves[slot][0] == n);
            REQUIRE(at[c].halves[slot][1] == n);
          }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("a reader that accepts a step has read nothing of another one, at whatever moments") {
  CHECK(accepted({{1, all_actions},
                  {2, all_actions},
                  {3, all_actions},
                  {4, all_actions},
                  {5, all_actions}}) > 1000);
}

TEST_CASE("what a writer leaves that dies at any moment is never accepted, nor what it overwrote") {
  for (int died = 0; died <= all_actions; ++died) {
    const std::uint64_t next = died == all_actions ? 5 : 4;
    CHECK(accepted({{1, all_actions},
                    {2, all_actions},
                    {3, all_actions},
                    {4, died},
                    {next, all_actions}}) > 100);
  }
}

TEST_CASE("steps that were left out are never accepted, nor those before them") {
  CHECK(accepted({{1, all_actions}, {2, all_actions}, {7, all_actions}, {8, all_actions}}) > 100);
  // A writer that dies in a step far ahead; the next goes on where the last complete one was.
  for (int died = 0; died < all_actions; ++died)
    CHECK(
        accepted(
            {{1, all_actions}, {2, all_actions}, {30, died}, {3, all_actions}, {4, all_actions}}) >
        100);
}

TEST_CASE("a step that was published by hand is not in the ring") {
  Block block;
  block.counters().publish(5);
  CHECK(block.counters().published() == 5);
  CHECK_FALSE(block.counters().in_ring(5));
  CHECK_FALSE(block.counters().whole(5, 3));
  block.counters().begin(6);
  block.counters().publish(6);
  CHECK(block.counters().whole(6, 3));
  CHECK_FALSE(block.counters().whole(5, 3));
}

TEST_CASE("counters of any value are read without an overflow") {
  Block block;
  constexpr auto most = ~std::uint64_t{0};
  block.counters().begin(most);
  block.counters().publish(most);
  CHECK(block.counters().whole(most, 4));
  CHECK_FALSE(block.counters().whole(most - 1, 4));
  CHECK_FALSE(block.counters().whole(0, 4));
}

TEST_CASE("threads that read a ring while it is written accept whole steps only") {
  constexpr std::size_t slots = 2, words = 64;
  constexpr std::uint64_t steps = 20000;
  Block block;
  std::vector<std::atomic<std::uint64_t>> cells(slots * words);
  std::atomic<bool> over{false};
  std::atomic<int> torn{0}, whole{0};
  const auto read = [&] {
    while (!over.load(std::memory_order_relaxed)) {
      const auto n = block.counters().published();
      if (n == 0) continue;
      std::array<std::uint64_t, words> seen;
      for (std::size_t k = 0; k < words; ++k)
        seen[k] = cells[(n - 1) % slots * words + k].load(std::memory_order_relaxed);
      if (!block.counters().whole(n, slots)) continue;
      whole.fetch_add(1, std::memory_order_relaxed);
      for (const auto value : seen) torn.fetch_add(value != n ? 1 : 0, std::memory_order_relaxed);
    }
  };
  std::thread readers[] = {std::thread(read), std::thread(read)};
  for (std::uint64_t n = 1; n <= steps; ++n) {
    block.counters().begin(n);
    for (std::size_t k = 0; k < words; ++k)
      cells[(n - 1) % slots * words + k].store(n, std::memory_order_relaxed);
    block.counters().publish(n);
  }
  while (whole.load(std::memory_order_relaxed) == 0) std::this_thread::yield();
  over.store(true);
  for (auto& reader : readers) reader.join();
  CHECK(torn.load() == 0);
}
