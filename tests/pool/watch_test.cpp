#include <tessera/pool/watch.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <tessera/pool/async_job.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
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
  premises.board.slots()[0].pid.store(::getpid());  // a worker lives
  Watch watch(premises.board, any_manner());
  const ProcessHandle keeper(::getpid());
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> over{false};
    std::thread other([&] {
      over.store(true);
      if (rings) premises.board.head().news.ring();
    });
    watch.wait(keeper, [&] { return over.load(); });
    REQUIRE(over.load());
    other.join();
  }
}

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

TEST_CASE("where no worker can be started a wait ends, and leaves no job to begin") {
  Premises premises(1);
  Watch watch(premises.board, Watch::Manner::sleep);
  const ProcessHandle keeper(::getpid());
  premises.board.head().gate.job.store(7);
  const auto error = error_of([&] { watch.wait(keeper, [] { return false; }); });
  REQUIRE(error.errc() == Errc::pool_unusable);
  REQUIRE(has(error.what(), "no worker process"));
  REQUIRE(premises.board.head().gate.job.load() == 0);
}

TEST_CASE("workers are told where the caller runs") {
  Premises premises(1);
  REQUIRE(premises.board.head().caller_core.load() == -1);
  const Watch watch(premises.board, Watch::Manner::yield);
  watch.tell_core();
  REQUIRE(premises.board.head().caller_core.load() >= 0);
}
