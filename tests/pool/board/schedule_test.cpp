#include <tessera/pool/board/schedule.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::Range;
using tessera::detail::Schedule;

namespace {

/// How often each tile was claimed.
using Counts = std::vector<int>;

bool all_once(const Counts& counts) {
  return std::all_of(counts.begin(), counts.end(), [](int n) { return n == 1; });
}

}  // namespace

TEST_CASE("claims of workers in any order cover all tiles once") {
  std::mt19937 random(20);
  for (int round = 0; round < 3000; ++round) {
    const std::size_t workers = 1 + random() % 9, tiles = random() % 60;
    std::vector<Range> ranges(workers);
    Schedule schedule(ranges, static_cast<std::uint64_t>(round) + 1, tiles);
    schedule.deal();
    REQUIRE(schedule.empty() == (tiles == 0));
    Counts counts(tiles, 0);
    std::vector<std::size_t> busy(workers);
    for (std::size_t w = 0; w < workers; ++w) busy[w] = w;
    while (!busy.empty()) {
      const auto at = random() % busy.size();
      if (const auto claim = schedule.claim(busy[at], random() % 9)) {
        REQUIRE(claim->first < claim->last);
        REQUIRE(claim->last <= tiles);
        for (auto k = claim->first; k < claim->last; ++k) ++counts[k];
      } else {
        REQUIRE(schedule.empty());
        busy.erase(busy.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    REQUIRE(all_once(counts));
  }
}

TEST_CASE("a claim is at most half of what its worker has, and no more than it asks for") {
  std::vector<Range> ranges(2);
  Schedule schedule(ranges, 1, 200);
  schedule.deal();
  std::vector<std::size_t> sizes;
  while (const auto claim = schedule.claim(0, 40)) {
    sizes.push_back(claim->last - claim->first);
    if (sizes.size() == 6) break;
  }
  REQUIRE(sizes == std::vector<std::size_t>{40, 30, 15, 8, 4, 2});
}

TEST_CASE("tiles of a grain are dealt out, claimed and stolen together") {
  const std::size_t tiles = GENERATE(1u, 7u, 96u, 97u, 103u), grain = GENERATE(1u, 4u, 8u);
  std::mt19937 random(5);
  std::vector<Range> ranges(3);
  Schedule schedule(ranges, 9, tiles, grain);
  schedule.deal();
  Counts counts(tiles, 0);
  for (;;) {
    const auto claim = schedule.claim(random() % ranges.size(), 1 + random() % 20);
    if (!claim) {
      REQUIRE(schedule.empty());
      break;
    }
    REQUIRE(claim->first % grain == 0);
    REQUIRE((claim->last % grain == 0 || claim->last == tiles));
    for (auto k = claim->first; k < claim->last; ++k) ++counts[k];
  }
  REQUIRE(all_once(counts));
}

TEST_CASE("jobs of equal size begin with the same tiles for the same worker") {
  std::vector<Range> ranges(5);
  std::vector<std::size_t> before;
  for (std::uint64_t job = 1; job <= 3; ++job) {
    Schedule schedule(ranges, job, 23);
    schedule.deal();
    std::vector<std::size_t> first;
    for (std::size_t w = 0; w < ranges.size(); ++w) first.push_back(schedule.claim(w)->first);
    if (job > 1) REQUIRE(first == before);
    before = first;
  }
  REQUIRE(std::is_sorted(before.begin(), before.end()));
}

TEST_CASE("a tile count beyond what a range can count is claimed in runs that cover it once") {
  const auto tiles = GENERATE(std::size_t{1} << 24, (std::size_t{1} << 24) - 1,
                              (std::size_t{3} << 24) + 5, (std::size_t{1} << 40) + 12345);
  std::vector<Range> ranges(1);
  Schedule schedule(ranges, 7, tiles);
  schedule.deal();
  std::size_t next = 0;
  bool in_order = true;
  while (const auto claim = schedule.claim(0)) {
    in_order = in_order && claim->first == next && claim->last > claim->first;
    next = claim->last;
  }
  REQUIRE(in_order);
  REQUIRE(next == tiles);
}

TEST_CASE("what an old job left in the ranges is never claimed") {
  std::vector<Range> ranges(3);
  Schedule old(ranges, 41, 30);
  old.deal();
  old.claim(1);
  Schedule next(ranges, 42, 30);
  REQUIRE(next.empty());
  for (std::size_t w = 0; w < 3; ++w) REQUIRE_FALSE(next.claim(w));
  next.deal();
  // A worker that was late for the old job finds nothing of the new one in it.
  REQUIRE(old.empty());
  for (std::size_t w = 0; w < 3; ++w) REQUIRE_FALSE(old.claim(w));
  Counts counts(30, 0);
  while (const auto claim = next.claim(2)) ++counts[claim->first];
  REQUIRE(all_once(counts));
}

TEST_CASE("threads that claim and steal at once claim every tile exactly once") {
  constexpr std::size_t workers = 4, most = 97;
  constexpr int rounds = 3000;
  std::vector<Range> ranges(workers);
  std::vector<std::atomic<int>> counts(most);
  std::atomic<int> round{0}, arrived{0};
  const auto tiles_of = [](int r) { return static_cast<std::size_t>(r * 31) % most + 1; };
  const auto work = [&](std::size_t self) {
    for (int mine = 1; mine <= rounds; ++mine) {
      while (round.load() < mine) std::this_thread::yield();
      Schedule schedule(ranges, static_cast<std::uint64_t>(mine), tiles_of(mine));
      while (const auto claim = schedule.claim(self, self))
        for (auto k = claim->first; k < claim->last; ++k) counts[k].fetch_add(1);
      arrived.fetch_add(1);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < workers; ++w) threads.emplace_back(work, w);
  int wrong = 0;
  for (int r = 1; r <= rounds; ++r) {
    const auto tiles = tiles_of(r);
    for (auto& count : counts) count.store(0);
    Schedule(ranges, static_cast<std::uint64_t>(r), tiles).deal();
    arrived.store(0);
    round.store(r);
    while (arrived.load() < static_cast<int>(workers)) std::this_thread::yield();
    for (std::size_t k = 0; k < most; ++k) wrong += counts[k].load() != (k < tiles ? 1 : 0);
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(wrong == 0);
}
