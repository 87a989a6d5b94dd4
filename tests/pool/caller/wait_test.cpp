#include <tessera/pool/caller/wait.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include <tessera/pool/caller/async_job.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using namespace std::chrono_literals;
using tessera::detail::Habits;
using tessera::detail::Kind;
using tessera::detail::Premises;
using tessera::detail::Watch;
using tessera::host::ProcessHandle;

namespace {

Watch::Manner any_manner() {
  return GENERATE(Watch::Manner::sleep, Watch::Manner::turn, Watch::Manner::yield);
}

}  // namespace

TEST_CASE("a wait ends when what it waits for is so, with a ring or without") {
  const bool rings = GENERATE(true, false);
  Premises premises(2);
  premises.board.worker_slots()[0].pid.store(tessera::host::own_pid());  // a worker lives
  Watch watch(premises.board, any_manner());
  const ProcessHandle keeper(tessera::host::own_pid());
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> over{false};
    std::thread other([&] {
      over.store(true);
      if (rings) premises.board.news().ring();
    });
    watch.wait(keeper, [&] { return over.load(); });
    REQUIRE(over.load());
    other.join();
  }
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a wait tells at once that the keeper has ended") {
  Premises premises(1);
  Watch watch(premises.board, any_manner());
  Child keeper([] { ::pause(); });
  const ProcessHandle handle(keeper.pid());
  std::atomic<bool> waits{false};
  std::thread killer([&] {
    wait_until([&] { return waits.load(); });
    keeper.kill(SIGKILL);
  });
  const auto error = error_of([&] {
    watch.wait(handle, [&] {
      waits.store(true);
      return false;
    });
  });
  killer.join();
  REQUIRE(error.errc() == Errc::pool_unusable);
  REQUIRE(has(error.what(), "keeper"));
}
#endif

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("what came about just before the keeper ended is not lost") {
  Premises premises(1);
  Watch watch(premises.board, Watch::Manner::sleep);
  Child keeper([] {});
  const ProcessHandle handle(keeper.pid());
  REQUIRE(handle.wait_ended(std::chrono::seconds(20)));
  int looks = 0;
  watch.wait(handle, [&] { return ++looks > 1; });
  REQUIRE(looks == 2);
}
#endif

TEST_CASE("where no worker can be started a wait ends, and leaves no job to begin") {
  Premises premises(1);
  Watch watch(premises.board, Watch::Manner::sleep);
  const ProcessHandle keeper(tessera::host::own_pid());
  premises.board.head().gate.job.store(7);
  premises.board.worker_slots()[0].inside.store(5);  // by a worker that wrote all over the board
  const auto error = error_of([&] { watch.wait(keeper, [] { return false; }); });
  REQUIRE(error.errc() == Errc::pool_unusable);
  REQUIRE(has(error.what(), "no worker process"));
  REQUIRE(premises.board.head().gate.job.load() == 0);
}

TEST_CASE("a wait for a job asks whether it is over only when it has gone to sleep") {
  Premises premises(1);
  premises.board.worker_slots()[0].pid.store(tessera::host::own_pid());
  Watch watch(premises.board, any_manner());
  const ProcessHandle keeper(tessera::host::own_pid());
  const Kind kind{&premises, 5};
  int ended = 0, over = 0;
  for (int job = 0; job < 3; ++job) {
    ended = over = 0;
    watch.wait_for_job(
        keeper, kind, [&] { return ++ended == 1; }, [&] { return ++over == 1; });
    REQUIRE((ended == 1 && over == 0));
  }
  watch.wait_for_job(
      keeper, kind, [] { return false; }, [&] { return ++over == 1; });
  REQUIRE(over == 1);
}

TEST_CASE("a job is expected to take as long as the last of its kind") {
  Habits habits;
  const int one = 1, two = 2;
  const Kind quick{&one, 10}, slow{&two, 10}, larger{&one, 11};
  REQUIRE_FALSE(habits.expects_short(quick));  // nothing is known
  for (int round = 0; round < 50; ++round) {
    habits.learn(quick, round > 0, false, 20us);
    habits.learn(slow, false, false, 5ms);
    REQUIRE(habits.expects_short(quick));
    REQUIRE_FALSE(habits.expects_tiny(quick));
    REQUIRE_FALSE(habits.expects_short(slow));
    REQUIRE_FALSE(habits.expects_short(larger));
  }
  habits.learn(quick, true, false, 3us);
  REQUIRE(habits.expects_tiny(quick));
}

TEST_CASE("a core that came back late is not given away for more and more jobs") {
  Habits habits;
  const Kind kind{nullptr, 1};
  const bool failed = GENERATE(false, true);
  const auto late = failed ? 120us : 3000us;
  habits.learn(kind, false, false, 20us);
  std::vector<int> pauses;
  for (int time = 0; time < 12; ++time) {
    REQUIRE(habits.expects_short(kind));
    habits.learn(kind, true, failed, late);
    int pause = 0;
    do {
      habits.learn(kind, false, false, 20us);
      ++pause;
      REQUIRE(pause < 10000);
    } while (!habits.expects_short(kind));
    pauses.push_back(pause);
    REQUIRE(habits.expects_short(kind));
  }
  REQUIRE(std::is_sorted(pauses.begin(), pauses.end()));
  REQUIRE((pauses.front() > 10 && pauses.front() < 20 && pauses.back() == 4096));
  // And is trusted again in time.
  for (int job = 0; job < 20; ++job) habits.learn(kind, true, false, 20us);
  habits.learn(kind, true, failed, late);
  int pause = 0;
  for (habits.learn(kind, false, false, 20us); !habits.expects_short(kind); ++pause) {
  }
  REQUIRE(pause < 20);
}

TEST_CASE("more kinds of jobs than are remembered are each learnt anew") {
  Habits habits;
  for (std::size_t tiles = 1; tiles <= 100; ++tiles) {
    const Kind kind{nullptr, tiles};
    REQUIRE_FALSE(habits.expects_short(kind));
    habits.learn(kind, false, false, 20us);
    REQUIRE(habits.expects_short(kind));
  }
}

TEST_CASE("workers are told where the caller runs") {
  Premises premises(1);
  REQUIRE(premises.board.head().caller_core.load() == -1);
  const Watch watch(premises.board, Watch::Manner::yield);
  watch.tell_core();
  REQUIRE(premises.board.head().caller_core.load() >= 0);
}
