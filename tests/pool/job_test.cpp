#include <tessera/pool/job.hpp>

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/jobs.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::into;
using tessera::Job;
using tessera::JobError;
using tessera::JobOptions;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using tessera::whole;

namespace {

const auto tile_number = [](const Tile<1>& tile, auto) { return static_cast<int>(tile.number()); };

/// Its last digit is what it writes: v = 10 v + digit. Order is seen in what is left.
auto digit(int d) {
  return [d](auto v) { v(0) = 10 * v(0) + d; };
}

// Long, but asks whether it is to end.
const auto until_stopped = [](const Tile<1>& tile, auto begun) {
  shared(begun(0)).store(1);
  while (!tile.stop_requested()) std::this_thread::sleep_for(100us);
};

}  // namespace

TEST_CASE("an asynchronous job gives the results that map gives") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 2>::create({10, 9});
  const auto kernel = [](const Tile<2>& tile, auto v) {
    v += 1;
    return static_cast<int>(tile.number());
  };
  auto job = pool.map_async({4, 4}, kernel, into(a));
  static_assert(std::is_same_v<decltype(job), Job<xt::xtensor<int, 2>>>);
  const xt::xtensor<int, 2> results = job.get();
  const xt::xtensor<int, 2> same = pool.map({4, 4}, kernel, into(a));
  REQUIRE(results == same);
  for (const int element : a) REQUIRE(element == 2);
}

TEST_CASE("an asynchronous transform computes every element") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 2>::create({50, 60});
  auto b = SharedArray<int, 2>::create({50, 60});
  for (auto& element : b) element = 3;
  auto job = pool.transform_async(a, std::negate<>{}, b);
  static_assert(std::is_same_v<decltype(job), Job<void>>);
  job.get();
  for (const int element : a) REQUIRE(element == -3);
}

TEST_CASE("an asynchronous job runs although nobody waits for it") {
  auto pool = some_pool(2);
  GatedJob gated(pool);
  REQUIRE(gated.wait_begun());
  gated.open();
  REQUIRE(wait_until([&] { return gated.done(); }));
}

TEST_CASE("waiting for a time gives false while the job runs and true when it has ended") {
  auto pool = some_pool(2);
  GatedJob gated(pool);
  REQUIRE_FALSE(gated.job().wait_for(0s));
  REQUIRE_FALSE(gated.job().wait_for(3ms));
  REQUIRE_FALSE(gated.job().wait_for(-1h));
  gated.open();
  REQUIRE(gated.job().wait_for(20s));
  REQUIRE(gated.job().wait_for(0s));
  REQUIRE(gated.job().get()(0) == 1);
  REQUIRE(gated.job().wait_for(0s));
}

TEST_CASE("a time longer than any clock can count is waited for without end") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({1});
  auto job = pool.map_async({1}, add_one, into(a));
  REQUIRE(job.wait_for(std::chrono::hours::max()));
  REQUIRE(job.wait_for(std::chrono::nanoseconds::max()));
  REQUIRE(job.wait_for(std::chrono::duration<double>(1e300)));
}

TEST_CASE("results are given once") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({3});
  auto job = pool.map_async({1}, tile_number, a);
  REQUIRE(job.valid());
  REQUIRE(job.get().size() == 3);
  REQUIRE_FALSE(job.valid());
  REQUIRE(error_of([&] { job.get(); }).errc() == Errc::invalid_argument);
}

TEST_CASE("an error is given once") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({3});
  auto job = pool.map_async(
      {1}, [](auto) { throw std::runtime_error("no rain"); }, a);
  REQUIRE(has(job_error_of([&] { job.get(); }).what(), "no rain"));
  REQUIRE_FALSE(job.valid());
  REQUIRE(error_of([&] { job.get(); }).errc() == Errc::invalid_argument);
}

TEST_CASE("a Job without a job says so") {
  Job<void> none;
  REQUIRE_FALSE(none.valid());
  none.cancel();
  REQUIRE(error_of([&] { none.get(); }).errc() == Errc::invalid_argument);
  REQUIRE(error_of([&] { none.wait(); }).errc() == Errc::invalid_argument);
  REQUIRE(error_of([&] { none.progress(); }).errc() == Errc::invalid_argument);
  REQUIRE(error_of([&] { none.report(); }).errc() == Errc::invalid_argument);
}

TEST_CASE("a Job can be moved while its job runs") {
  auto pool = some_pool(2);
  GatedJob gated(pool);
  auto moved = std::move(gated.job());
  REQUIRE_FALSE(gated.job().valid());
  REQUIRE(error_of([&] { gated.job().get(); }).errc() == Errc::invalid_argument);
  gated.open();
  REQUIRE(moved.get()(0) == 1);
}

TEST_CASE("a Job that gets another job cancels the one it had") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({1});
  auto b = SharedArray<int, 1>::create({1});
  auto job = pool.map_async({1}, until_stopped, into(a));
  REQUIRE(wait_until([&] { return shared(a(0)).load() == 1; }));
  job = pool.map_async({1}, add_one, into(b));
  job.get();
  REQUIRE(b(0) == 1);
}

TEST_CASE("the end of a Job cancels its job and waits") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({1});
  {
    const auto job = pool.map_async(
        {1},
        [](const Tile<1>& tile, auto v) {
          shared(v(0)).store(1);
          while (!tile.stop_requested()) std::this_thread::sleep_for(100us);
          shared(v(0)).store(2);
        },
        into(a));
    REQUIRE(wait_until([&] { return shared(a(0)).load() == 1; }));
  }
  REQUIRE(a(0) == 2);
}

TEST_CASE("the end of a Job whose job is queued does not wait for those before it") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({1});
  GatedJob first(pool);
  { const auto second = pool.map_async({1}, add_one, into(a)); }
  REQUIRE_FALSE(first.job().wait_for(0s));
  first.open();
  first.job().get();
  pool.map({1}, add_one, into(a));
  REQUIRE(a(0) == 1);
}

TEST_CASE("jobs with and without waiting run in the order of their calls") {
  auto pool = some_pool(2);
  auto a = SharedArray<std::int64_t, 1>::create({1});
  for (int round = 0; round < 50; ++round) {
    a(0) = 0;
    auto one = pool.map_async({1}, digit(1), into(a));
    auto two = pool.map_async({1}, digit(2), into(a));
    pool.map({1}, digit(3), into(a));
    auto four = pool.transform_async(
        a, [](std::int64_t v) { return 10 * v + 4; }, a);
    pool.map({1}, digit(5), into(a));
    REQUIRE(a(0) == 12345);
    four.get();
    one.get();
    two.get();
  }
}

TEST_CASE("jobs of several threads run in the order of their calls") {
  auto pool = some_pool(2);
  auto a = SharedArray<std::int64_t, 1>::create({1});
  GatedJob first(pool);
  std::vector<std::thread> threads;
  std::vector<Job<void>> jobs(10);
  std::atomic<int> turn{0};
  for (int t = 0; t < 10; ++t)
    threads.emplace_back([&, t] {
      wait_until([&] { return turn.load() == t; });
      jobs[static_cast<std::size_t>(t)] = pool.map_async({1}, digit(t), into(a));
      turn.store(t + 1);
    });
  for (auto& thread : threads) thread.join();
  REQUIRE(a(0) == 0);
  first.open();
  for (auto& job : jobs) job.get();
  REQUIRE(a(0) == 123456789);
}

TEST_CASE("threads that wait and threads that do not share a pool") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({8});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 30; ++round) {
        if (t % 2 == 0) {
          pool.map({2}, add_one, into(a));
          continue;
        }
        auto one = pool.map_async({2}, add_one, into(a));
        auto two = pool.map_async({2}, add_one, into(a));
        if (round % 2 == 0) one.wait();
        two.get();
        one.get();
      }
    });
  for (auto& thread : threads) thread.join();
  for (const int element : a) REQUIRE(element == 180);
}

TEST_CASE("a thousand jobs wait for their turn and all run") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({4});
  GatedJob first(pool);
  std::vector<Job<xt::xtensor<int, 1>>> jobs;
  for (int k = 0; k < 1000; ++k)
    jobs.push_back(pool.map_async(
        {2},
        [k](auto v) {
          v += 1;
          return k;
        },
        into(a)));
  first.open();
  for (int k = 0; k < 1000; ++k) {
    const auto results = jobs[static_cast<std::size_t>(k)].get();
    REQUIRE(results(0) == k);
    REQUIRE(results(1) == k);
  }
  for (const int element : a) REQUIRE(element == 1000);
}

TEST_CASE("what can be checked is an Error of the call itself") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({8});
  auto b = SharedArray<int, 1>::create({5});
  REQUIRE(error_of([&] {
            static_cast<void>(pool.map_async(
                {2}, [](auto, auto) {}, a, b));
          }).errc() == Errc::shape_mismatch);
  Far<int> number(0);
  int& local = *number;
  REQUIRE(error_of([&] {
            static_cast<void>(pool.map_async(
                {2}, [&local](auto) { ++local; }, a));
          }).errc() == Errc::captured_address);
  REQUIRE(error_of([&] { static_cast<void>(pool.map_async({0}, add_one, into(a))); }).errc() ==
          Errc::invalid_shape);
  REQUIRE(error_of([&] {
            static_cast<void>(
                pool.map_async({2}, {.only = std::vector<std::size_t>{4}}, add_one, into(a)));
          }).errc() == Errc::invalid_argument);
  const SharedArray<int, 1> none;
  REQUIRE(error_of([&] { static_cast<void>(pool.map_async({2}, tile_number, none)); }).errc() ==
          Errc::invalid_argument);
}

TEST_CASE("a queued job that is cancelled ends at once and never runs") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({5});
  GatedJob first(pool);
  auto second = pool.map_async({2}, add_one, into(a));
  REQUIRE_FALSE(second.wait_for(0s));
  second.cancel();
  REQUIRE(second.wait_for(0s));
  REQUIRE(second.progress().done == 0);
  REQUIRE(second.progress().total == 3);
  const auto error = job_error_of([&] { second.get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(error.code() == std::errc::operation_canceled);
  REQUIRE(error.unfinished == std::vector<std::size_t>{0, 1, 2});
  REQUIRE(error.unknown.empty());
  REQUIRE(second.report().tiles == 3);
  first.open();
  first.job().get();
  pool.map({2}, add_one, into(a));
  for (const int element : a) REQUIRE(element == 1);
}

TEST_CASE("a running job that is cancelled begins no further tile and lists those not done") {
  auto pool = some_pool(2);
  GatedJob gated(pool, 100);
  REQUIRE(gated.wait_begun());
  gated.job().cancel();
  REQUIRE_FALSE(gated.job().wait_for(0s));  // its kernels run
  gated.open();
  const auto error = job_error_of([&] { gated.job().get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(error.unknown.empty());
  REQUIRE(error.failures.empty());
  REQUIRE(error.unfinished.size() >= 90);
  std::vector<std::size_t> not_done;
  for (std::size_t k = 0; k < 100; ++k)
    if (!gated.done(k)) not_done.push_back(k);
  REQUIRE(error.unfinished == not_done);
  const auto [done, total] = gated.job().progress();
  REQUIRE(total == 100);
  REQUIRE(done == 100 - not_done.size());
}

TEST_CASE("a job whose tiles were all done when it was cancelled gives its results") {
  auto pool = some_pool(2);
  GatedJob gated(pool);
  REQUIRE(gated.wait_begun());
  gated.job().cancel();
  gated.open();
  REQUIRE(gated.job().get()(0) == 1);
}

TEST_CASE("a cancel after the end changes nothing") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({3});
  auto job = pool.map_async({1}, tile_number, a);
  job.wait();
  job.cancel();
  REQUIRE(job.get()(2) == 2);
  job.cancel();
  pool.map({1}, add_one, into(a));
  REQUIRE(a(2) == 1);
}

TEST_CASE("a late cancel never stops a newer job") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({3});
  auto old = pool.map_async({1}, tile_number, a);
  old.wait();
  GatedJob running(pool, 20);
  REQUIRE(running.wait_begun());
  old.cancel();
  running.open();
  REQUIRE(running.job().get()(19) == 20);
}

TEST_CASE("a late cancel never takes a newer job's stop back") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({3});
  auto begun = SharedArray<int, 1>::create({1});
  auto old = pool.map_async({1}, tile_number, a);
  old.wait();
  auto running = pool.map_async({1}, until_stopped, into(begun));
  REQUIRE(wait_until([&] { return shared(begun(0)).load() == 1; }));
  running.cancel();
  old.cancel();
  REQUIRE(running.wait_for(20s));
}

TEST_CASE("a long kernel that asks sees that its job was cancelled") {
  auto pool = some_pool(2);
  auto begun = SharedArray<int, 1>::create({1});
  auto job = pool.map_async({1}, until_stopped, into(begun));
  REQUIRE(wait_until([&] { return shared(begun(0)).load() == 1; }));
  job.cancel();
  job.get();  // its one tile was done
}

TEST_CASE("a kernel that throws because it was stopped makes its job a cancelled one") {
  auto pool = some_pool(2);
  auto begun = SharedArray<int, 1>::create({1});
  auto job = pool.map_async(
      {1},
      [](const Tile<1>& tile, auto v) {
        until_stopped(tile, v);
        throw std::runtime_error("stopped early");
      },
      into(begun));
  REQUIRE(wait_until([&] { return shared(begun(0)).load() == 1; }));
  job.cancel();
  const auto error = job_error_of([&] { job.get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(has(error.what(), "stopped early"));
  REQUIRE(error.unfinished == std::vector<std::size_t>{0});
}

#if defined(TESSERA_POSIX)  // signals
namespace {
Job<void>* job_of_the_handler = nullptr;
std::atomic<int> errno_after{0};
void cancel_in_handler(int) {
  const int kept = errno;
  errno = 4711;
  job_of_the_handler->cancel();
  errno_after = errno;
  errno = kept;
}
}  // namespace

TEST_CASE("a signal handler may cancel while its thread waits and finds errno as it was") {
  auto pool = some_pool(2);
  struct sigaction before {
  }, ours{};
  ours.sa_handler = cancel_in_handler;
  REQUIRE(::sigaction(SIGUSR1, &ours, &before) == 0);
  for (const bool queued : {false, true}) {
    std::optional<GatedJob> first;
    if (queued) first.emplace(pool);
    auto begun = SharedArray<int, 1>::create({2});
    auto job = pool.map_async(
        {1},
        [](const Tile<1>& tile, auto v) {
          until_stopped(tile, v);
          throw 1;
        },
        into(begun));
    job_of_the_handler = &job;
    errno_after = 0;
    const auto waiter = ::pthread_self();
    std::thread sender([&] {
      if (!queued) wait_until([&] { return shared(begun(0)).load() == 1; });
      wait_until([&] {
        ::pthread_kill(waiter, SIGUSR1);  // again, in case it came before the wait
        return errno_after.load() != 0;
      });
    });
    REQUIRE(job_error_of([&] { job.get(); }).errc() == Errc::cancelled);
    sender.join();
    REQUIRE(errno_after.load() == 4711);
    if (first) first->open();
  }
  ::sigaction(SIGUSR1, &before, nullptr);
}
#endif

TEST_CASE("progress never decreases and ends at the total") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({300});
  for (int round = 0; round < 5; ++round) {
    auto job = pool.map_async(
        {1},
        [](auto v) {
          v += 1;
          std::this_thread::sleep_for(20us);
        },
        into(a));
    auto next = pool.map_async({1}, add_one, into(a));
    std::size_t last = 0, wrong = 0;
    while (!job.wait_for(100us)) {
      const auto [done, total] = job.progress();
      wrong += done < last || total != 300;
      last = done;
      wrong += next.progress().total != 300;
    }
    REQUIRE(wrong == 0);
    REQUIRE(job.progress().done == 300);
    next.get();
    REQUIRE(job.progress().done == 300);
    job.get();
    REQUIRE(job.progress().done == 300);
    REQUIRE(next.progress().done == 300);
  }
}

TEST_CASE("a queued job has no progress while the one before it has") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({4});
  GatedJob gated(pool, 2, {.only = std::vector<std::size_t>{0}});
  REQUIRE(gated.wait_begun());
  auto second = pool.map_async({1}, add_one, into(a));
  REQUIRE(gated.job().progress().total == 1);
  REQUIRE(second.progress().done == 0);
  gated.open();
  gated.job().get();
  second.get();
  REQUIRE(second.progress().done == 4);
}

TEST_CASE("a job tells its own report after its end") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({12});
  auto one = pool.map_async({1}, add_one, into(a));
  auto two = pool.map_async({3}, add_one, into(a));
  REQUIRE(two.report().tiles == 4);
  REQUIRE(one.report().tiles == 12);
  one.get();
  REQUIRE(one.report().tiles == 12);
  REQUIRE(one.report().tiles_per_worker.size() == pool.workers());
  REQUIRE(pool.report().tiles == 4);
  pool.map({2}, add_one, into(a));
  REQUIRE(pool.report().tiles == 6);
}

TEST_CASE("a job without tiles ends well") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({0});
  auto job = pool.map_async({2}, tile_number, a);
  REQUIRE(job.get().size() == 0);
  REQUIRE(job.progress().total == 0);
}

TEST_CASE("arrays that end before their job has run keep their names until it has") {
  auto pool = some_pool(2);
  GatedJob first(pool);
  const auto name = unique_name();
  auto out = SharedArray<int, 1>::create({6});
  Job<void> job;
  {
    auto in = SharedArray<int, 1>::create(name, {6});
    for (auto& element : in) element = 7;
    job = pool.map_async(
        {2}, [](auto v, auto x) { v = x; }, into(out), in);
  }
  REQUIRE(exists(shm_path(name)));
  REQUIRE(error_of([&] { SharedArray<int, 1>::create(name, {6}); }).errc() == Errc::name_taken);
  first.open();
  job.get();
  REQUIRE(goes(shm_path(name)));
  for (const int element : out) REQUIRE(element == 7);
}

TEST_CASE("arrays that end while their job runs keep their names until it has ended") {
  auto pool = some_pool(2);
  GatedJob gated(pool, 5);
  const auto path = shm_path(gated.name());
  REQUIRE(gated.wait_begun());
  gated.drop_arrays();
  REQUIRE(exists(path));
  gated.open();
  REQUIRE(gated.job().get()(4) == 5);
  REQUIRE(goes(path));
}

TEST_CASE("a queued job that is cancelled lets its arrays' names go") {
  auto pool = some_pool(2);
  GatedJob first(pool);
  auto a = SharedArray<int, 1>::create({6});
  const auto path = a.path();
  auto job = pool.map_async({2}, add_one, into(a));
  a = SharedArray<int, 1>();
  REQUIRE(exists(path));
  job.cancel();
  job.wait();
  REQUIRE(goes(path));
  first.open();
}

TEST_CASE("an array that its job leaves alone keeps its name") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({6});
  pool.map_async({2}, add_one, into(a)).get();
  REQUIRE(exists(a.path()));
  REQUIRE(a.owned());
}

#if defined(TESSERA_POSIX)  // no name outlives all processes
TEST_CASE("an array that is kept while its job runs is not removed") {
  auto pool = some_pool(2);
  GatedJob first(pool);
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  Job<void> job;
  {
    auto a = SharedArray<int, 1>::create(name, {6});
    job = pool.map_async({2}, add_one, into(a));
    a.keep();
  }
  first.open();
  job.get();
  REQUIRE(SharedArray<const int, 1>::attach(name)(5) == 1);
}
#endif

TEST_CASE("a pool that ends cancels its jobs and their Jobs stay") {
  std::optional<TiledPool> pool(some_pool(2));
  auto a = SharedArray<int, 1>::create({4});
  auto begun = SharedArray<int, 1>::create({50});
  auto ended = pool->map_async({1}, tile_number, a);
  auto running = pool->map_async({1}, until_stopped, into(begun));
  auto queued = pool->map_async({1}, add_one, into(a));
  REQUIRE(wait_until([&] { return shared(begun(0)).load() == 1; }));
  pool.reset();
  REQUIRE(running.wait_for(0s));
  REQUIRE(queued.wait_for(0s));
  REQUIRE(ended.get()(3) == 3);
  const auto error = job_error_of([&] { running.get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(error.unknown.empty());
  REQUIRE(job_error_of([&] { queued.get(); }).unfinished.size() == 4);
  queued.cancel();
  running.cancel();
  REQUIRE(running.progress().done == 50 - error.unfinished.size());
  REQUIRE(running.report().tiles == 50);
  for (const int element : a) REQUIRE(element == 0);
}

TEST_CASE("a pool can be moved while its jobs run and wait") {
  auto first = some_pool(2);
  auto a = SharedArray<int, 1>::create({4});
  GatedJob gated(first);
  auto queued = first.map_async({1}, add_one, into(a));
  auto second = std::move(first);
  REQUIRE(error_of([&] { static_cast<void>(first.map_async({1}, add_one, into(a))); }).errc() ==
          Errc::pool_unusable);
  auto last = second.map_async({1}, add_one, into(a));
  gated.open();
  queued.get();
  last.get();
  REQUIRE(a(3) == 2);
}

#if defined(TESSERA_POSIX)  //
TEST_CASE("a pool that made no asynchronous job has no thread") {
  const auto threads = [] {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/task"))
      ++n;
    return n;
  };
  const auto before = threads();
  auto pool = some_pool(2);
  auto a = SharedArray<int, 1>::create({4});
  pool.map({1}, add_one, into(a));
  REQUIRE(threads() == before);
  pool.map_async({1}, add_one, into(a)).get();
  REQUIRE(threads() == before + 1);
}
#endif

TEST_CASE("a kernel can neither start a job nor wait for one in the pool that runs it") {
  static std::optional<TiledPool> pool;
  static std::optional<SharedArray<int, 1>> array;
  static std::optional<Job<void>> queued;
  array.emplace(SharedArray<int, 1>::create({1}));
  pool.emplace(TiledPool::in_caller());
  const auto starts = [](auto) { static_cast<void>(pool->map_async({1}, add_one, into(*array))); };
  const auto waits = [](auto) { queued->get(); };
  const auto asks = [](auto) { static_cast<void>(pool->report()); };

  const auto refused = [](const JobError& error) {
    return error.errc() == Errc::kernel_failed && has(error.what(), "a kernel") &&
           has(error.what(), "can't");
  };
  REQUIRE(refused(job_error_of([&] { pool->map_async({1}, starts, *array).get(); })));
  REQUIRE(refused(job_error_of([&] { pool->map({1}, starts, *array); })));
  REQUIRE(refused(job_error_of([&] { pool->map({1}, asks, *array); })));
  GatedJob first(*pool);
  auto second = pool->map_async({1}, waits, *array);
  queued.emplace(pool->map_async({1}, add_one, into(*array)));
  first.open();
  REQUIRE(refused(job_error_of([&] { second.get(); })));
  queued->get();
  REQUIRE((*array)(0) == 1);
  queued.reset();
  pool.reset();
  array.reset();
}

TEST_CASE("a kernel that ends its own Job does not wait for itself") {
  static std::optional<Job<void>> own;
  static std::atomic<bool> there;
  there = false;
  auto pool = TiledPool::in_caller();
  auto a = SharedArray<int, 1>::create({1});
  own.emplace(pool.map_async(
      {1},
      [](auto v) {
        wait_until([] { return there.load(); });
        own.reset();
        shared(v(0)).store(1);
      },
      into(a)));
  there = true;
  REQUIRE(wait_until([&] { return shared(a(0)).load() == 1; }));
  pool.map({1}, add_one, into(a));
  REQUIRE(a(0) == 2);
}
