#include <tessera/pool/caller/caller.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::detail::Caller;
using tessera::detail::Placement;
using tessera::detail::PoolMemory;
using tessera::detail::WaitStrategy;

TEST_CASE("jobs from several threads run one after the other and are all right") {
  auto pool = some_pool();
  auto shared = SharedArray<int, 1>::create({64});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      auto mine = SharedArray<int, 2>::create({16, 16});
      for (int round = 0; round < 40; ++round) {
        const int value = 1000 * t + round;
        const auto results = pool.map(
            {4, 4},
            [value](auto v) {
              v = value;
              return value;
            },
            into(mine));
        for (const int element : mine) wrong += element != value;
        for (const int result : results) wrong += result != value;
        pool.map({8}, add_one, into(shared));
      }
    });
  for (auto& thread : threads) thread.join();
  REQUIRE(wrong.load() == 0);
  for (const int element : shared) REQUIRE(element == 240);
}

TEST_CASE("a kernel can't start a job in the pool that runs it") {
  static std::optional<TiledPool> pool;
  static std::optional<SharedArray<int, 1>> array;
  array.emplace(SharedArray<int, 1>::create({4}));
  pool.emplace(TiledPool::in_caller());
  const auto error = job_error_of([&] {
    pool->map(
        {4},
        [](auto) {
          pool->map(
              {4}, [](auto) {}, *array);
        },
        *array);
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  pool->map({4}, add_one, into(*array));
  REQUIRE((*array)(3) == 1);
  pool.reset();
  array.reset();
}

TEST_CASE("a pool of more workers than cores pins none and has them sleep") {
  const auto cores = tessera::host::usable_cores();
  const Placement placement(cores + 1, {});
  CHECK(placement.cores.empty());
  CHECK_FALSE(placement.spins);
  CHECK(placement.strategy == WaitStrategy::sleep);
}

TEST_CASE("a pool that is not to pin its workers leaves them their cores") {
  CHECK(Placement(tessera::host::usable_cores(), {.pin = false}).cores.empty());
}

TEST_CASE("workers are pinned only to cores of their own") {
  for (std::size_t workers = 1; workers <= tessera::host::usable_cores() + 1; ++workers) {
    const Placement placement(workers, {});
    CHECK((placement.cores.empty() || placement.cores.size() == workers));
  }
}

TEST_CASE("a caller that computes spins while it waits for the others") {
  CHECK(Placement(tessera::host::usable_cores() + 1, {.caller_computes = true}).strategy ==
        WaitStrategy::spin);
}

TEST_CASE("a caller without a keeper computes its jobs itself") {
  Caller caller(std::make_shared<PoolMemory>(1), std::nullopt, WaitStrategy::sleep,
                {.caller_computes = true});
  CHECK(caller.workers() == 1);
  CHECK_FALSE(caller.spawns());
  CHECK(caller.worker_pids().empty());
  auto array = SharedArray<int, 1>::create({10});
  const auto typed =
      tessera::detail::make_order<1>({1, false}, {4}, {}, false, add_one, 0, into(array));
  caller.run(typed.order, nullptr);
  CHECK(array(9) == 1);
  CHECK(caller.report().tiles == 3);
}
