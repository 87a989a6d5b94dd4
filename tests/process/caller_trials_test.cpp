// Callers killed at random moments, again and again: the short form of each trial for every run of
// the tests, and a hidden one that goes on for TESSERA_SOAK_SECONDS and prints what it saw, for
// soak.sh.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/soak.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

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
