// A worker killed after every single instruction of its share of a job, from the call to the end:
// whatever is half done, the job is right or tells exactly which tile is not.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::into;
using tessera::JobError;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::TiledPool;

namespace {

class StepTrials {
 public:
  explicit StepTrials(Rerun rerun) : rerun_(rerun) {}

  /// Kills the worker after so many instructions, or when it has ended the job. How many it took.
  std::size_t run(std::size_t steps) {
    warm_up();
    // The one that has just worked, whose number its keeper may be about to tell.
    must(wait_until([&] { return pool_.worker_pids().size() == 1; }), "a worker has a number");
    const int worker = pool_.worker_pids().at(0);
    // What it does between two jobs is another story.
    must(wait_until([&] { return asleep(worker); }), "it waits for the next job");
    must(::ptrace(PTRACE_SEIZE, worker, nullptr, nullptr) == 0, "a worker can be traced");
    must(::ptrace(PTRACE_INTERRUPT, worker, nullptr, nullptr) == 0, "it can be interrupted");
    stopped(worker);
    ++value_;
    auto job = pool_.map_async(
        {1}, {.rerun = rerun_},
        [value = value_](auto v) {
          v = value;
          return value;
        },
        into(a_));
    std::size_t taken = 0;
    for (; taken < steps && !job.wait_for(0s); ++taken) {
      must(::ptrace(PTRACE_SINGLESTEP, worker, nullptr, nullptr) == 0, "it can take a step");
      stopped(worker);
    }
    ::kill(worker, SIGKILL);
    int status = 0;
    while (::waitpid(worker, &status, __WALL) == worker && !WIFSIGNALED(status)) {
    }
    outcomes[taken] = outcome(job);
    return taken;
  }

  /// What the job came to, by the number of instructions: "right", or which tile is unknown.
  std::map<std::size_t, std::string> outcomes;

  /// As few lines as tell it.
  void print() const {
    for (auto at = outcomes.begin(); at != outcomes.end();) {
      auto next = at;
      std::size_t last = at->first;
      while (next != outcomes.end() && next->second == at->second) last = next++->first;
      std::printf("  after instruction %zu to %zu: %s\n", at->first, last, at->second.c_str());
      at = next;
    }
  }

 private:
  static void stopped(int worker) {
    int status = 0;
    must(::waitpid(worker, &status, __WALL) == worker && WIFSTOPPED(status), "it stops");
    // Any other signal than the tracer's own would have to be handed on, and there is none.
    must(WSTOPSIG(status) == SIGTRAP, "it stops for its tracer");
  }
  // A new worker attaches first, which is another story.
  void warm_up() {
    must(wait_until([&] { return pool_.worker_pids().size() == 1; }), "there is a worker");
    ++value_;
    pool_.map(
        {1}, {.rerun = Rerun::allowed},
        [value = value_](auto v) {
          v = value;
          return value;
        },
        into(a_));
  }
  std::string outcome(tessera::Job<xt::xtensor<int, 1>>& job) {
    must(job.wait_for(20s), "the job ends");
    try {
      const auto results = job.get();
      for (std::size_t k = 0; k < 2; ++k)
        if (a_(k) != value_ || results(k) != value_) return "WRONG";
      return "right";
    } catch (const JobError& error) {
      if (error.unfinished != error.unknown || error.unknown.size() != 1) return "WRONG";
      const auto lost = error.unknown[0];
      if (a_(1 - lost) != value_) return "WRONG";
      return "tile " + std::to_string(lost) + " is told of";
    }
  }

  Rerun rerun_;
  TiledPool pool_{1};
  SharedArray<int, 1> a_ = SharedArray<int, 1>::create({2});
  int value_ = 0;
};

}  // namespace

TEST_CASE("a worker killed after some instruction of its job leaves a right job, or tells",
          "[steps]") {
  const Scene scene;
  const auto rerun = GENERATE(Rerun::never, Rerun::allowed);
  StepTrials trials(rerun);
  // At moments that are spread evenly; few, where a sanitizer makes a turn many times as long.
  const auto whole_turn = trials.run(std::size_t(-1));
  const auto moments = std::clamp<std::size_t>(60'000 / whole_turn, 8, 40);
  for (std::size_t k = 0; k < moments; ++k) trials.run(k * whole_turn / moments);
  CAPTURE(whole_turn);
  std::size_t told = 0;
  for (const auto& [steps, outcome] : trials.outcomes) {
    INFO("after " << steps << " instructions: " << outcome);
    REQUIRE(outcome != "WRONG");
    told += outcome != "right";
  }
  REQUIRE(trials.outcomes.size() > moments / 2);
  REQUIRE((rerun == Rerun::allowed) == (told == 0));
}

TEST_CASE("soak: a worker killed after every instruction of its job", "[.soak]") {
  for (const auto rerun : {Rerun::never, Rerun::allowed}) {
    StepTrials trials(rerun);
    for (std::size_t steps = 0; trials.run(steps) == steps;) ++steps;
    std::printf("instructions: a worker killed after each of %zu, %s:\n", trials.outcomes.size(),
                rerun == Rerun::never ? "nothing computed again" : "computed again");
    trials.print();
    for (const auto& [steps, outcome] : trials.outcomes) REQUIRE(outcome != "WRONG");
  }
}
