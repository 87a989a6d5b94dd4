#include <tessera/pool/caller/retry.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::detail::CrashLoop;
using tessera::detail::JobHead;
using tessera::detail::JobMemory;
using tessera::detail::JobOrder;
using tessera::detail::PoolMemory;
using tessera::detail::RetryCounter;
using tessera::detail::StallDetector;
using tessera::detail::TileState;

namespace {

/// Job memory of nothing but tiles, all open.
struct BareTiles {
  std::vector<std::uint64_t> words;
  JobMemory memory;
  explicit BareTiles(std::size_t tiles) : words(sizeof(JobHead) / 8 + tiles / 8 + 1) {
    JobHead head;
    head.tiles = tiles;
    head.tile_bytes_at = sizeof(JobHead);
    auto* const start = reinterpret_cast<std::byte*>(words.data());
    std::memcpy(start, &head, sizeof head);
    memory = JobMemory(start, head);
  }
  TileState state(std::size_t tile) const {
    return static_cast<TileState>(memory.tile_bytes()[tile].load());
  }
  void set(std::size_t tile, TileState state) const {
    memory.tile_bytes()[tile].store(static_cast<std::uint8_t>(state));
  }
};

/// A board of two workers on which processes die.
struct DyingWorkers {
  PoolMemory pool_memory{2};
  void die(unsigned times) const {
    for (unsigned i = 0; i < times; ++i) pool_memory.board.membership().record_death(i % 2);
  }
};

/// How many deaths in a row a job of two workers bears: one more gives it up.
unsigned deaths_borne(const JobOrder& order) {
  const DyingWorkers workers;
  const BareTiles tiles(3);
  CrashLoop loop(order, {0, 0});
  unsigned deaths = 0;
  while (!loop.given_up(workers.pool_memory.board, tiles.memory)) {
    workers.die(1);
    REQUIRE(++deaths < 1000);
  }
  return deaths - 1;
}

}  // namespace

TEST_CASE("rounds that end as they began are given up after a hundred") {
  StallDetector stall;
  int rounds = 0;
  while (!stall.stalled(3, 1, 2)) REQUIRE(++rounds < 1000);
  CHECK(rounds == 100);
}

TEST_CASE("a round that ends a tile or costs a worker begins the count of rounds anew") {
  StallDetector stall;
  for (std::size_t lost = 0; lost < 5; ++lost)
    for (int round = 0; round < 90; ++round) REQUIRE_FALSE(stall.stalled(3, 1, lost));
  for (std::size_t open = 300; open > 0; --open) REQUIRE_FALSE(stall.stalled(open, 1, 4));
}

TEST_CASE("a tile is opened again until it has cost as many workers as it may") {
  JobOrder order;
  order.max_attempts = 3;
  BareTiles tiles(4);
  RetryCounter retries;
  const std::vector<std::size_t> unknown{2};
  for (int attempt = 1; attempt < 3; ++attempt) {
    tiles.set(2, TileState::started);
    REQUIRE(retries.reopen(order, tiles.memory, unknown) == unknown);
    REQUIRE(tiles.state(2) == TileState::open);
  }
  tiles.set(2, TileState::started);
  CHECK(retries.reopen(order, tiles.memory, unknown).empty());
  CHECK(tiles.state(2) == TileState::started);
}

TEST_CASE("each tile has attempts of its own") {
  JobOrder order;
  order.max_attempts = 2;
  BareTiles tiles(4);
  RetryCounter retries;
  CHECK(retries.reopen(order, tiles.memory, {1}) == std::vector<std::size_t>{1});
  CHECK(retries.reopen(order, tiles.memory, {1, 3}) == std::vector<std::size_t>{3});
}

TEST_CASE("tiles that are opened again are computed one by one") {
  JobOrder order;
  BareTiles tiles(4);
  RetryCounter retries;
  retries.reopen(order, tiles.memory, {});
  CHECK(tiles.memory.head().one_by_one == 0);
  retries.reopen(order, tiles.memory, {0});
  CHECK(tiles.memory.head().one_by_one == 1);
}

TEST_CASE("deaths without a finished tile are borne up to the workers and sixteen") {
  JobOrder order;
  CHECK(deaths_borne(order) == 2 + 16);
  order.reruns = true;
  order.max_attempts = 5;
  CHECK(deaths_borne(order) == 2 + 16 + 5);
}

TEST_CASE("a tile that ends begins the count of deaths anew") {
  const DyingWorkers workers;
  const BareTiles tiles(40);
  CrashLoop loop(JobOrder{}, {0, 0});
  for (std::size_t tile = 0; tile < 40; ++tile) {
    workers.die(10);
    REQUIRE_FALSE(loop.given_up(workers.pool_memory.board, tiles.memory));
    tiles.set(tile, tile % 2 == 0 ? TileState::done : TileState::failed);
  }
  CHECK(loop.describe().empty());
}

TEST_CASE("tiles that a kernel opens again are no progress") {
  const DyingWorkers workers;
  const BareTiles tiles(3);
  CrashLoop loop(JobOrder{}, {0, 0});
  tiles.set(0, TileState::done);
  int rounds = 0;
  for (; !loop.given_up(workers.pool_memory.board, tiles.memory); ++rounds) {
    REQUIRE(rounds < 100);
    workers.die(1);
    tiles.set(0, rounds % 2 == 0 ? TileState::open : TileState::done);
  }
  CHECK(rounds == 2 + 18 + 1);  // two until it is seen done, and then one more than are borne
}

TEST_CASE("a job that is given up tells how many died, those before the job left out") {
  const DyingWorkers workers;
  const BareTiles tiles(3);
  workers.die(6);
  CrashLoop loop(JobOrder{}, {3, 3});
  CHECK_FALSE(loop.given_up(workers.pool_memory.board, tiles.memory));
  workers.die(19);
  CHECK(loop.given_up(workers.pool_memory.board, tiles.memory));
  CHECK(has(loop.describe(), "19 workers died in a row"));
}
