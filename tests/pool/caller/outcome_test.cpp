#include <tessera/pool/caller/outcome.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using tessera::detail::JobOrder;
using tessera::detail::Outcome;
using tessera::detail::PoolMemory;
using tessera::detail::TileByte;
using tessera::detail::TileState;

namespace {

/// A job of six tiles in a row, two elements each, on a board of two workers.
struct JobOnBoard {
  PoolMemory pool_memory{2};
  JobOrder order;
  std::vector<TileByte> bytes = std::vector<TileByte>(6);
  tessera::detail::Deaths deaths_before;

  JobOnBoard() {
    order.tiles = 6;
    order.axes = 1;
    order.grid = {12};
    order.tile = {2};
    for (auto& byte : bytes) byte.store(static_cast<std::uint8_t>(TileState::done));
    deaths_before = tessera::detail::deaths_so_far(pool_memory.board);
  }
  void set(std::size_t tile, TileState state) {
    bytes[tile].store(static_cast<std::uint8_t>(state));
  }
  /// The process of worker 1 has ended so.
  void record_end(int status) const {
    auto& process = pool_memory.board.processes()[1];
    process.last_pid.store(77);
    process.last_status.store(status);
    pool_memory.board.membership().record_death(1);
  }
  Outcome outcome() {
    const auto& board = pool_memory.board;
    const tessera::detail::Round round(board.membership(), board.ranges(), 1, bytes);
    return tessera::detail::read_outcome(board, round, order, deaths_before);
  }
  tessera::JobError error() {
    return tessera::detail::make_error(pool_memory.board, order, outcome(), {});
  }
};

}  // namespace

TEST_CASE("a JobError tells where the tile is that threw") {
  auto pool = TiledPool::in_caller();
  const auto in = SharedArray<double, 3>::create({3, 10, 9});
  const auto error = error_of([&] {
    pool.map(
        {4, 4},
        [](const tessera::Tile<2>& tile, auto) {
          if (tile.number() == 8) throw std::runtime_error("no");
        },
        in);
  });
  REQUIRE(has(error.what(), "tile 8 [..., 8:10, 8:9]: no"));
}

TEST_CASE(
    "tiles that a failed job does not list are done and stay and the others are untouched or "
    "failed") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({500});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto v) {
          if (tile.number() % 100 == 60) throw 1;
          v = 1;
        },
        into(a));
  });
  std::vector<bool> unfinished(500, false);
  for (const auto tile : error.unfinished) unfinished.at(tile) = true;
  REQUIRE(std::is_sorted(error.unfinished.begin(), error.unfinished.end()));
  REQUIRE_FALSE(error.unfinished.empty());
  for (std::size_t k = 0; k < 500; ++k) REQUIRE(a(k) == (unfinished[k] ? 0 : 1));
}

TEST_CASE("a tile is described by its number and its slice of every axis that is cut") {
  JobOrder order;
  order.tiles = 9;
  order.axes = 3;
  order.grid = {10, 5, 9};
  order.tile = {4, 5, 4};
  CHECK(tessera::detail::describe_tile(order, 8) == "8 [..., 8:10, :, 8:9]");
  CHECK(tessera::detail::describe_tile(order, 1) == "1 [..., 0:4, :, 4:8]");
}

TEST_CASE("a tile that is computed in slabs is described as the user knows it") {
  JobOrder order;
  order.tiles = 6;
  order.slabs_per_tile = 3;
  order.axes = 2;
  order.grid = {9, 4};
  order.tile = {3, 2};
  CHECK(tessera::detail::describe_tile(order, 1) == "1 [..., :, 2:4]");
}

TEST_CASE("what is not done is open, failed or unknown, whatever its byte says") {
  JobOnBoard job;
  CHECK(job.outcome().complete());
  job.set(1, TileState::open);
  job.set(2, TileState::failed);
  job.set(4, TileState::started);
  job.bytes[5].store(200);  // by a kernel
  const auto outcome = job.outcome();
  CHECK_FALSE(outcome.complete());
  CHECK(outcome.open == std::vector<std::size_t>{1});
  CHECK(outcome.failed == std::vector<std::size_t>{2});
  CHECK(outcome.unknown == std::vector<std::size_t>{4, 5});
}

TEST_CASE("the deaths of a job are told with place, process and end, earlier ones are not") {
  JobOnBoard job;
  job.record_end(0);
  job.deaths_before = tessera::detail::deaths_so_far(job.pool_memory.board);
  CHECK(job.outcome().deaths.empty());
  job.record_end(0);
  job.record_end(0);
  const auto outcome = job.outcome();
  CHECK(outcome.lost_workers == 2);
  CHECK(has(outcome.deaths, "worker 1 (process 77) "));
  CHECK_FALSE(has(outcome.deaths, "worker 0"));
}

TEST_CASE("a death by the time limit is told with the limit") {
  JobOnBoard job;
  job.order.tile_timeout = 1'500'000'000;
  job.pool_memory.board.processes()[1].last_was_late.store(1);
  job.record_end(9);
  CHECK(has(job.outcome().deaths, "its tile took longer than 1.5 s"));
}

TEST_CASE("the error of a death lists what is unfinished, and what is unknown among it") {
  JobOnBoard job;
  job.record_end(0);
  job.set(0, TileState::open);
  job.set(3, TileState::started);
  const auto error = job.error();
  CHECK(error.errc() == Errc::worker_died);
  CHECK(error.unfinished == std::vector<std::size_t>{0, 3});
  CHECK(error.unknown == std::vector<std::size_t>{3});
  CHECK(has(error.what(), "the state of tile 3 [..., 6:8] is unknown"));
  CHECK(has(error.what(), "4 of 6 tiles are done"));
}

TEST_CASE("an error names at most twenty unknown tiles, and lists all") {
  JobOnBoard job;
  job.record_end(0);
  job.order.tiles = 50;
  job.order.grid = {100};
  job.bytes = std::vector<TileByte>(50);
  for (std::size_t tile = 0; tile < 50; ++tile) job.set(tile, TileState::started);
  const auto error = job.error();
  CHECK(error.unknown.size() == 50);
  CHECK(has(error.what(), "19 [..., 38:40], ... is unknown"));
}

TEST_CASE("a cancelled job is told as such, whatever its kernels threw to end early") {
  JobOnBoard job;
  job.order.cancel = std::make_shared<tessera::detail::CancelToken>();
  job.set(2, TileState::failed);
  job.pool_memory.board.replies().failures.add(2, Errc::kernel_failed, "it was stopped");
  CHECK(job.error().errc() == Errc::kernel_failed);
  job.order.cancel->request();
  CHECK(job.error().errc() == Errc::cancelled);
  CHECK(has(job.error().what(), "it was stopped"));
}

TEST_CASE("what kept a worker from beginning the job is told before what kernels threw") {
  JobOnBoard job;
  job.set(2, TileState::failed);
  job.pool_memory.board.replies().failures.add(2, Errc::kernel_failed, "no");
  job.pool_memory.board.fail(1, Errc::replaced, "another array");
  CHECK(job.error().errc() == Errc::replaced);
  CHECK(has(job.error().what(), "another array"));
}
