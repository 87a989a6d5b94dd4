// Processes killed at random moments, again and again: the short form of each trial for every run
// of the tests, and hidden cases that go on for TESSERA_SOAK_SECONDS and print what they saw, for
// soak.sh.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/soak.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using tessera::into;
using tessera::JobError;
using tessera::JobOptions;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::TiledPool;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

/// Some microseconds for an element, so that a kill has a job to land in.
int slow(int v) {
  volatile int work = 0;
  while (work < 6000) work = work + 1;
  return v;
}

/// Workers killed in the middle of jobs of five kinds.
class WorkerTrials {
 public:
  explicit WorkerTrials(unsigned seed) : random_(seed) {
    std::iota(x_.begin(), x_.end(), 0);
    pool_.transform(out_, std::negate<>{}, x_);
  }

  /// One job, and one worker that is killed while it runs.
  void run() {
    const auto value = static_cast<int>(++jobs);
    const auto kind = random_() % 5;

    const auto began = Clock::now();
    auto job = start(kind, value);
    // A moment of the job, by how long the last one of its kind took.
    const auto pids = pool_.worker_pids();
    const auto moment = took_[kind] * (5 + random_() % 70) / 100;
    std::this_thread::sleep_until(began + moment);
    if (!pids.empty()) ::kill(pids[random_() % pids.size()], SIGKILL);
    std::vector<std::size_t> unknown;
    try {
      if (!job.wait_for(20s)) {
        ++hangs;
        return;
      }
      job.get();
    } catch (const JobError& error) {
      ++errors;
      unknown = error.unknown;
      // Nobody asked for a stop, so what is not done is what somebody had begun.
      if (error.unfinished != unknown || kind < 3) ++wrong;
    }
    const auto report = job.report();
    landed += report.workers_lost != 0;
    if (report.workers_lost == 0) took_[kind] = Clock::now() - began;
    const auto& result = kind == 4 ? in_place_ : out_;
    for (std::size_t i = 0; i < result.size(); ++i) {
      const auto row = i / columns;
      if (std::count(unknown.begin(), unknown.end(), row) != 0) continue;
      const int expected = kind == 4 ? in_place_old_[i] + 1 : x_.data()[i] + value;
      wrong += result.data()[i] != expected;
    }
    in_place_old_.assign(in_place_.begin(), in_place_.end());
    wait_until([&] { return pool_.worker_pids().size() == workers; });
  }

  std::size_t jobs = 0, landed = 0, errors = 0, wrong = 0, hangs = 0;

 private:
  static constexpr std::size_t workers = 2, rows = 48, columns = 64;

  tessera::Job<void> start(unsigned long kind, int value) {
    const auto add = [value](int v) { return slow(v) + value; };
    const auto add_all = [value](auto o, auto x) {
      for (std::size_t k = 0; k < o.size(); ++k) o.flat(k) = slow(x.flat(k)) + value;
    };
    switch (kind) {
      case 0: return pool_.transform_async(out_, add, x_);
      case 1: return pool_.transform_async({4, 8}, out_, add, x_);
      case 2:
        return pool_.map_async({1, columns}, {.rerun = Rerun::allowed}, add_all, into(out_), x_);
      case 3: return pool_.map_async({1, columns}, add_all, into(out_), x_);
      default:
        return pool_.transform_async(
            {1, columns}, in_place_, [](int v) { return slow(v) + 1; }, in_place_);
    }
  }

  std::minstd_rand random_;
  TiledPool pool_{workers};
  SharedArray<int, 2> x_ = SharedArray<int, 2>::create({rows, columns}),
                      out_ = SharedArray<int, 2>::create({rows, columns}),
                      in_place_ = SharedArray<int, 2>::create({rows, columns});
  std::vector<int> in_place_old_ = std::vector<int>(rows * columns);
  Clock::duration took_[5] = {8ms, 8ms, 8ms, 8ms, 8ms};
};

/// A caller with a pool, or without one, killed at a random moment of all it does.
struct CallerTrials {
  std::minstd_rand random;
  std::size_t kills = 0;

  [[noreturn]] static void call(bool with_pool) {
    for (int round = 0;; ++round) {
      std::optional<TiledPool> pool;
      if (with_pool) pool.emplace(2);
      auto a = SharedArray<int, 1>::create("a", {64}), b = SharedArray<int, 1>::create({64});
      for (int job = 0; job < 5 && pool; ++job)
        pool->map(
            {4}, [](auto o, auto i) { o = i + 1; }, into(a), b);
    }
  }

  /// In a /dev/shm of its own, in a process that inherits the orphans of its children.
  void run(bool with_pool) {
    Child caller([&] { call(with_pool); });
    const auto moment = Clock::now() + std::chrono::microseconds(random() % 30000);
    while (Clock::now() < moment) std::this_thread::yield();
    caller.kill(SIGKILL);
    caller.failure();
    ++kills;
    if (!with_pool) {
      catalog::reap();
    } else {
      const auto end = Clock::now() + 1s;
      for (::pid_t ended = 0; ended >= 0 && Clock::now() < end;) {
        ended = ::waitpid(-1, nullptr, WNOHANG);
        if (ended == 0) std::this_thread::sleep_for(1ms);
      }
      must(::waitpid(-1, nullptr, WNOHANG) < 0, "no process is left a second after its caller");
    }
    // A caller that is killed between the making of its pool and its first word to the keeper, or
    // before, has no pool yet: what it owned is an orphan as any other's.
    const auto names = host::segment_names();
    if (with_pool && !names.empty()) {
      ++without_keeper;
      catalog::reap();
    }
    must(host::segment_names().empty(), "no name is left after kill " + std::to_string(kills));
  }
  std::size_t without_keeper = 0;
};

}  // namespace

TEST_CASE("workers killed at random moments leave right elements, or tell which are unknown") {
  const Scene scene;
  WorkerTrials trials(11);
  for (int trial = 0; trial < 150; ++trial) trials.run();
  INFO(trials.landed << " kills landed in a job");
  REQUIRE(trials.wrong == 0);
  REQUIRE(trials.hangs == 0);
  REQUIRE(trials.landed > 75);
  REQUIRE(trials.errors > 0);
}

TEST_CASE("a caller killed at any moment leaves no process and no name after a second") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
          CallerTrials trials{std::minstd_rand(5)};
          for (int trial = 0; trial < 30; ++trial) trials.run(true);
          must(trials.without_keeper == 0, std::to_string(trials.without_keeper) + " names left");
        }) == "");
}

TEST_CASE("a caller without a pool, killed at any moment, leaves nothing that can't be reaped") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          CallerTrials trials{std::minstd_rand(6)};
          for (int trial = 0; trial < 60; ++trial) trials.run(false);
        }) == "");
}

TEST_CASE("soak: workers killed at random moments", "[.soak]") {
  const auto end = Clock::now() + soak_span();
  const auto ours = [] {
    const auto names = host::segment_names();
    return std::count_if(names.begin(), names.end(),
                         [](const auto& name) { return name.starts_with("tessera-"); });
  };
  const auto names = ours();
  {
    WorkerTrials trials(soak_seed());
    while (Clock::now() < end) trials.run();
    std::printf(
        "workers: %zu jobs with a kill, %zu landed in the job (%.1f %%), %zu told of unknown "
        "tiles, "
        "%zu wrong elements, %zu hangs\n",
        trials.jobs, trials.landed,
        100.0 * static_cast<double>(trials.landed) / static_cast<double>(trials.jobs),
        trials.errors, trials.wrong, trials.hangs);
    REQUIRE((trials.wrong == 0 && trials.hangs == 0));
  }
  std::printf("workers: %td names more than before\n", ours() - names);
  REQUIRE(ours() == names);
}

TEST_CASE("soak: callers killed at random moments", "[.soak]") {
  const auto end = Clock::now() + soak_span();
  const auto seed = soak_seed();
  CHECK(
      failure_in_private_shm(16 * MiB, [&] {
        must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
        CallerTrials trials{std::minstd_rand(seed)};
        std::size_t with_pool = 0;
        for (bool pool = true; Clock::now() < end; pool = !pool, with_pool += pool)
          trials.run(pool);
        std::printf(
            "callers: %zu killed, %zu of them with a pool: 0 processes and %zu names left after a "
            "second; without: 0 names after one reap\n",
            trials.kills, with_pool, trials.without_keeper);
        std::fflush(stdout);
        must(trials.without_keeper == 0, "names are left");
      }) == "");
}
