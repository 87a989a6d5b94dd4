// Workers killed at random moments, again and again: the short form of each trial for every run of
// the tests, and a hidden one that goes on for TESSERA_SOAK_SECONDS and prints what it saw, for
// soak.sh.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
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
using tessera::Rerun;
using tessera::SharedArray;
using tessera::TiledPool;
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
    if (!pids.empty()) kill_process(pids[random_() % pids.size()]);
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

}  // namespace

TEST_CASE("workers killed at random moments leave right elements, or tell which are unknown") {
  const Scene scene;
  WorkerTrials trials(11);
  // On a busy machine more kills come too late.
  for (int trial = 0; trial < 150 || (trials.landed <= 75 && trial < 400); ++trial) trials.run();
  INFO(trials.landed << " kills landed in a job");
  REQUIRE(trials.wrong == 0);
  REQUIRE(trials.hangs == 0);
  REQUIRE(trials.landed > 75);
  REQUIRE(trials.errors > 0);
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
