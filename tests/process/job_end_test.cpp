// Asynchronous jobs whose workers, keeper, pool or process end, or that a forked child has too.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/jobs.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <signal.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::into;
using tessera::Job;
using tessera::OnThrow;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;

namespace {

const auto for_ever = [](const Tile<1>&, auto v) {
  shared(v(0)).store(1);
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
};

bool is_one(const SharedArray<int, 1>& a) {
  return wait_until([&] { return shared(a(0)).load() == 1; });
}

}  // namespace

TEST_CASE("a Job ends though its kernel does not, and costs no other worker") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({1});
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto before = pool.worker_pids();
  const auto began = std::chrono::steady_clock::now();
  {
    auto job = pool.map_async({1}, for_ever, into(a));
    REQUIRE(is_one(a));
  }
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= 2s);
  CHECK(took < 20s);
  pool.map(
      {1}, [](auto v) { v = 7; }, into(a));
  CHECK(a(0) == 7);
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto after = pool.worker_pids();
  CHECK(std::count_if(after.begin(), after.end(), [&](int pid) {
          return std::count(before.begin(), before.end(), pid) != 0;
        }) == 1);
}

TEST_CASE("a Job and its pool end though its kernel does not, whichever ends first") {
  const Scene scene;
  const bool pool_first = GENERATE(false, true);
  auto a = SharedArray<int, 1>::create({1});
  auto pool = std::make_unique<TiledPool>(2);
  auto job = pool->map_async({1}, for_ever, into(a));
  REQUIRE(is_one(a));
  std::thread other([&] {
    if (pool_first)
      job = {};
    else
      pool.reset();
  });
  if (pool_first)
    pool.reset();
  else
    job = {};
  other.join();
  CHECK(!pool);
}

TEST_CASE("a worker killed in an asynchronous job ends it with an error that names the tile") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40});
  auto job = pool.map_async(
      {1},
      [](const Tile<1>& tile, auto v) {
        if (tile.number() == 23) die();
        v = 1;
      },
      into(a));
  auto next = pool.map_async({1}, add_one, into(a));
  const auto error = job_error_of([&] { job.get(); });
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(error.unknown == std::vector<std::size_t>{23});
  REQUIRE(error.unfinished == std::vector<std::size_t>{23});
  REQUIRE(job.report().workers_lost == 1);
  REQUIRE(job.progress().done == 39);
  next.get();
  for (std::size_t k = 0; k < 40; ++k) REQUIRE(a(k) == (k == 23 ? 1 : 2));
}

TEST_CASE("a job that collects goes on when a worker dies and keeps what was thrown before") {
  const Scene scene;
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({40});
  const auto error = job_error_of([&] {
    pool.map(
        {1}, {.on_throw = OnThrow::collect},
        [](const Tile<1>& tile, auto v) {
          if (tile.number() == 5) throw std::runtime_error("five");
          if (tile.number() == 23) die();
          if (tile.number() == 30) throw std::runtime_error("thirty");
          v = 1;
        },
        into(a));
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(error.unfinished == std::vector<std::size_t>{5, 23, 30});
  REQUIRE(error.unknown == std::vector<std::size_t>{23});
  REQUIRE(error.failures.size() == 2);
  REQUIRE(error.failures[0].text == "five");
  REQUIRE(error.failures[1].text == "thirty");
  REQUIRE(has(error.what(), words_of_kill));
  pool.map(
      {1}, {.only = error.unfinished}, [](auto v) { v = 1; }, into(a));
  for (const int element : a) REQUIRE(element == 1);
}

TEST_CASE(
    "a worker killed after its job was cancelled leaves a cancelled job with an unknown tile") {
  const Scene scene;
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({5});
  auto job = pool.map_async({1}, for_ever, into(a));
  REQUIRE(is_one(a));
  job.cancel();
  kill_process(pool.worker_pids().at(0));
  const auto error = job_error_of([&] { job.get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(error.unknown == std::vector<std::size_t>{0});
  REQUIRE(error.unfinished.size() == 5);
  pool.map({1}, add_one, into(a));
}

TEST_CASE("a pool that ends while a kernel never returns ends its workers and the job") {
  const Scene scene;
  auto a = SharedArray<int, 1>::create({5});
  Job<void> running, queued;
  {
    TiledPool pool(1);
    running = pool.map_async({1}, for_ever, into(a));
    queued = pool.map_async({1}, add_one, into(a));
    REQUIRE(is_one(a));
  }
  const auto error = job_error_of([&] { running.get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(error.unknown == std::vector<std::size_t>{0});
  REQUIRE(job_error_of([&] { queued.get(); }).errc() == Errc::cancelled);
}

#if defined(TESSERA_POSIX)  // the keeper is a thread
TEST_CASE("a keeper killed during an asynchronous job ends it and refuses the next at the call") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({5});
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto pids = pool.worker_pids();
  auto job = pool.map_async({5}, for_ever, into(a));
  auto queued = pool.map_async({1}, add_one, into(a));
  REQUIRE(is_one(a));
  ::kill(parent_of(pids[0]), SIGKILL);
  REQUIRE(error_of([&] { job.get(); }).errc() == Errc::pool_unusable);
  REQUIRE(error_of([&] { queued.get(); }).errc() == Errc::pool_unusable);
  REQUIRE(error_of([&] { static_cast<void>(pool.map_async({1}, add_one, into(a))); }).errc() ==
          Errc::pool_unusable);
  REQUIRE(all_end(pids));
}

TEST_CASE("a forked child can use neither the parent's Jobs nor its pool and ends both at once") {
  const Scene scene;
  std::optional<TiledPool> pool;
  if (GENERATE(false, true))
    pool.emplace(2);
  else
    pool.emplace(TiledPool::in_caller());
  auto a = SharedArray<int, 1>::create({5});
  GatedJob gated(*pool);
  auto running = std::make_unique<Job<xt::xtensor<int, 1>>>(std::move(gated.job()));
  auto queued = std::make_unique<Job<void>>(pool->map_async({1}, add_one, into(a)));
  REQUIRE(gated.wait_begun());
  // In the parent a third thread waits, too, so that the child inherits every kind of wait.
  std::atomic<int> waiter_id{0};
  std::thread waiter([&] {
    waiter_id.store(::gettid());
    pool->map({1}, add_one, into(a));
  });
  // Not in the middle of an allocation: the child would wait for that one's lock for ever.
  REQUIRE(wait_until([&] { return waiter_id.load() != 0 && asleep(waiter_id.load()); }));
  const auto failure = failure_in_child([&] {
    const auto refused = [](auto&& call) {
      must(error_of(call).errc() == Errc::pool_unusable, "a child is refused");
    };
    for (auto* job : {queued.get()}) {
      refused([&] { job->get(); });
      refused([&] { job->wait(); });
      refused([&] { job->wait_for(1s); });
      refused([&] { job->progress(); });
      refused([&] { job->report(); });
      must(job->valid(), "a child has the job, if to no use");
    }
    refused([&] { running->get(); });
    refused([&] { static_cast<void>(pool->map_async({1}, add_one, into(a))); });
    running->cancel();
    queued->cancel();
    running.reset();
    queued.reset();
    pool.reset();
  });
  REQUIRE(failure == "");
  REQUIRE_FALSE(running->wait_for(0s));
  gated.open();
  REQUIRE(running->get()(0) == 1);
  queued->get();
  waiter.join();
  REQUIRE(a(4) == 2);
}

TEST_CASE("a forked child may end the pool before its Jobs") {
  const Scene scene;
  std::optional<TiledPool> pool(std::in_place, 1);
  auto a = SharedArray<int, 1>::create({5});
  GatedJob gated(*pool);
  auto queued = std::make_unique<Job<void>>(pool->map_async({1}, add_one, into(a)));
  // No thread in the middle of an allocation: the child would wait for that one's lock for ever.
  REQUIRE(gated.wait_begun());
  REQUIRE(wait_until([] { return others_asleep(); }));
  REQUIRE(failure_in_child([&] {
            pool.reset();
            queued.reset();
            TiledPool own(1);
            auto b = SharedArray<int, 1>::create({5});
            own.map_async({1}, add_one, into(b)).get();
            must(b(4) == 1, "a child's own pool works");
          }) == "");
  gated.open();
  queued->get();
}

TEST_CASE("a caller killed while its jobs use names of arrays that have ended leaves no name") {
  const Scene scene;
  const auto failure = failure_in_private_shm(64 * MiB, [] {
    for (int round = 0; round < 10; ++round) {
      int ends[2];
      must(::pipe(ends) == 0, "a pipe can be made");
      Child caller([&] {
        TiledPool pool(2);
        GatedJob gated(pool, 5);
        auto a = SharedArray<int, 1>::create({5});
        const auto queued = pool.map_async({1}, add_one, into(a));
        must(gated.wait_begun(), "the job runs");
        gated.drop_arrays();
        a = SharedArray<int, 1>();
        must(::write(ends[1], "x", 1) == 1, "the pipe takes a byte");
        for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
      });
      char byte = 0;
      must(::read(ends[0], &byte, 1) == 1, "the child is ready");
      must(!std::filesystem::is_empty(tessera::segment_folder()), "there are names");
      caller.kill(SIGKILL);
      must(caller.failure() == "killed by signal 9", "the child is killed");
      must(wait_until([] { return std::filesystem::is_empty(tessera::segment_folder()); }),
           "the names go");
      ::close(ends[0]);
      ::close(ends[1]);
    }
  });
  REQUIRE(failure == "");
}
#endif
