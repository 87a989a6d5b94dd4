#include <tessera/pool/caller/wait.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include <tessera/pool/board/board.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using namespace std::chrono_literals;
using tessera::detail::CallerWait;
using tessera::detail::PoolMemory;
using tessera::detail::WaitStrategy;
using tessera::host::ProcessHandle;

namespace {

WaitStrategy any_strategy() {
  return GENERATE(WaitStrategy::sleep, WaitStrategy::spin, WaitStrategy::yield);
}

}  // namespace

TEST_CASE("a wait ends when what it waits for is so, with a ring or without") {
  const bool rings = GENERATE(true, false);
  PoolMemory pool_memory(2);
  pool_memory.board.processes()[0].pid.store(tessera::host::own_pid());  // a worker lives
  CallerWait wait(pool_memory.board, any_strategy());
  const ProcessHandle keeper(tessera::host::own_pid());
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> over{false};
    std::thread other([&] {
      over.store(true);
      if (rings) pool_memory.board.done_bell().ring();
    });
    wait.wait(keeper, [&] { return over.load(); });
    REQUIRE(over.load());
    other.join();
  }
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a wait tells at once that the keeper has ended") {
  PoolMemory pool_memory(1);
  CallerWait wait(pool_memory.board, any_strategy());
  Child keeper([] { ::pause(); });
  const ProcessHandle handle(keeper.pid());
  std::atomic<bool> waits{false};
  std::thread killer([&] {
    wait_until([&] { return waits.load(); });
    keeper.kill(SIGKILL);
  });
  const auto error = error_of([&] {
    wait.wait(handle, [&] {
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
  PoolMemory pool_memory(1);
  CallerWait wait(pool_memory.board, WaitStrategy::sleep);
  Child keeper([] {});
  const ProcessHandle handle(keeper.pid());
  REQUIRE(handle.wait_ended(std::chrono::seconds(20)));
  int looks = 0;
  wait.wait(handle, [&] { return ++looks > 1; });
  REQUIRE(looks == 2);
}
#endif

TEST_CASE("where no worker can be started a wait ends, and leaves no job to begin") {
  PoolMemory pool_memory(1);
  CallerWait wait(pool_memory.board, WaitStrategy::sleep);
  const ProcessHandle keeper(tessera::host::own_pid());
  pool_memory.board.commands().gate.round.store(7);
  pool_memory.board.workers()[0].inside.store(5);  // by a kernel
  const auto error = error_of([&] { wait.wait(keeper, [] { return false; }); });
  REQUIRE(error.errc() == Errc::pool_unusable);
  REQUIRE(has(error.what(), "no worker process"));
  REQUIRE(pool_memory.board.commands().gate.round.load() == 0);
}

TEST_CASE("a wait for a job asks whether it is over only when it has gone to sleep") {
  PoolMemory pool_memory(1);
  pool_memory.board.processes()[0].pid.store(tessera::host::own_pid());
  CallerWait wait(pool_memory.board, any_strategy());
  const ProcessHandle keeper(tessera::host::own_pid());
  int ended = 0, over = 0;
  for (int job = 0; job < 3; ++job) {
    ended = over = 0;
    wait.wait_for_job(
        keeper, [&] { return ++ended == 1; }, [&] { return ++over == 1; });
    REQUIRE((ended == 1 && over == 0));
  }
  wait.wait_for_job(
      keeper, [] { return false; }, [&] { return ++over == 1; });
  REQUIRE(over == 1);
}

TEST_CASE("workers are told where the caller runs") {
  PoolMemory pool_memory(1);
  REQUIRE(pool_memory.board.commands().caller_core.load() == -1);
  const CallerWait wait(pool_memory.board, WaitStrategy::yield);
  wait.publish_core();
  REQUIRE(pool_memory.board.commands().caller_core.load() >= 0);
}
