// One asynchronous job's life, step by step.
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/cancel_token.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::JobError;
using tessera::detail::AsyncJob;
using tessera::detail::JobOrder;
using tessera::detail::not_begun;
using tessera::detail::PoolMemory;

namespace {

JobOrder order_of(std::size_t tiles) {
  JobOrder out;
  out.tiles = tiles;
  return out;
}

/// As the thread that runs the job does before it arms a round.
void set_round(const AsyncJob& job, const PoolMemory& pool, std::uint64_t round) {
  if (job.order.cancel->set_round(round)) pool.board.membership().stop(round);
}

struct Running {
  std::shared_ptr<PoolMemory> pool_memory = std::make_shared<PoolMemory>(2);
  AsyncJob job{order_of(10), pool_memory};
  Running() {
    REQUIRE(job.begin());
    set_round(job, *pool_memory, 5);
  }
  std::uint64_t stopped() const { return pool_memory->board.replies().stops.round.load(); }
};

}  // namespace

TEST_CASE("a cancel stops the round that is armed") {
  Running running;
  REQUIRE(running.stopped() == 0);
  running.job.cancel();
  REQUIRE(running.stopped() == 5);
}

TEST_CASE("a round that is armed after a cancel is stopped") {
  Running running;
  running.job.cancel();
  set_round(running.job, *running.pool_memory, 6);
  REQUIRE(running.stopped() == 6);
}

TEST_CASE("a cancel between the beginning and the first round stops that round") {
  const auto pool_memory = std::make_shared<PoolMemory>(1);
  AsyncJob job(order_of(1), pool_memory);
  REQUIRE(job.begin());
  job.cancel();
  REQUIRE(pool_memory->board.replies().stops.round.load() == 0);
  set_round(job, *pool_memory, 3);
  REQUIRE(pool_memory->board.replies().stops.round.load() == 3);
}

TEST_CASE("a stop never moves backwards") {
  Running running;
  running.pool_memory->board.membership().stop(8);
  running.job.cancel();
  REQUIRE(running.stopped() == 8);
}

TEST_CASE("a cancel after the end stops nobody") {
  Running running;
  running.job.end({}, {});
  running.job.cancel();
  REQUIRE(running.stopped() == 0);
  running.job.check_end();
}

TEST_CASE("progress counts what the workers count while the job runs and keeps it afterwards") {
  Running running;
  auto workers = running.pool_memory->board.workers();
  REQUIRE(running.job.progress().done == 0);
  workers[0].tiles.store(3);
  workers[1].tiles.store(4);
  REQUIRE(running.job.progress().done == 7);
  running.job.end(std::make_exception_ptr(std::runtime_error("x")), {});
  workers[0].tiles.store(0);  // the next job's
  REQUIRE(running.job.progress().done == 7);
  REQUIRE(running.job.progress().total == 10);
}

TEST_CASE("progress read in the moment of the next job's beginning is not that job's") {
  // Counting the tiles of so many workers takes longer than the step from one job to the next, and
  // the count stands in the last.
  const auto pool_memory = std::make_shared<PoolMemory>(tessera::detail::max_workers);
  auto& last_slot = pool_memory->board.workers().back().tiles;
  std::size_t wrong = 0;
  for (int round = 0; round < 300; ++round) {
    AsyncJob job(order_of(10), pool_memory);
    last_slot.store(10);
    REQUIRE(job.begin());
    set_round(job, *pool_memory, 1);
    std::atomic<bool> looking{false}, next_began{false};
    std::thread pool([&] {
      while (!looking.load()) std::this_thread::yield();
      job.end({}, {});
      last_slot.store(0, std::memory_order_release);
      next_began.store(true);
    });
    while (!next_began.load()) {
      wrong += job.progress().done != 10;
      looking.store(true);
    }
    pool.join();
    wrong += job.progress().done != 10;
  }
  REQUIRE(wrong == 0);
}

TEST_CASE("the error of a job that never began lists the tiles that were asked for") {
  REQUIRE(not_begun(order_of(3)).unfinished == std::vector<std::size_t>{0, 1, 2});
  auto order = order_of(9);
  order.only = {2, 7};
  const auto error = not_begun(order);
  REQUIRE(error.unfinished == std::vector<std::size_t>{2, 7});
  REQUIRE(error.errc() == Errc::cancelled);
}

TEST_CASE("the error of a job that never began lists the tiles that the user knows") {
  auto order = order_of(12);
  order.slabs_per_tile = 4;
  REQUIRE(not_begun(order).unfinished == std::vector<std::size_t>{0, 1, 2});
  order.choose({0, 2});
  REQUIRE(order.only == std::vector<std::size_t>{0, 2, 3, 5, 6, 8, 9, 11});
  REQUIRE(not_begun(order).unfinished == std::vector<std::size_t>{0, 2});
}
