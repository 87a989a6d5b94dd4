#include <tessera/pool/keeper/fork.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include <tessera/pool/tiled_pool.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::StartMethod;
using tessera::TiledPool;
using tessera::detail::Message;
using tessera::detail::PoolMemory;
using tessera::detail::ProcessSlot;

TEST_CASE("a pool is not forked among other threads unless that is asked for") {
  const Scene scene;
  std::atomic<bool> over{false};
  std::thread other([&] { wait_until([&] { return over.load(); }); });
  const auto error = error_of([] { TiledPool pool(1, {.start_method = StartMethod::fork}); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "other threads (1)"));
  CHECK(has(error.what(), "StartMethod::spawn"));
  TiledPool asked(1, {.start_method = StartMethod::fork_with_threads}),
      spawned(1, {.start_method = StartMethod::spawn});
  CHECK(asked.workers() == spawned.workers());
  over.store(true);
  other.join();
  TiledPool pool(1, {.start_method = StartMethod::fork});  // at once
  CHECK(pool.workers() == 1);
}

TEST_CASE("a process without other threads may be copied, one with others is told their number") {
  const Scene scene;
  CHECK(failure_in_child([] {
          int threads = tessera::host::all_threads();
          tessera::detail::refuse_among_threads(threads);
          std::atomic<bool> over{false};
          std::thread one([&] { wait_until([&] { return over.load(); }); });
          std::thread two([&] { wait_until([&] { return over.load(); }); });
          threads = tessera::host::all_threads();
          const auto error = error_of([&] { tessera::detail::refuse_among_threads(threads); });
          over.store(true);
          one.join();
          two.join();
          must(error.errc() == Errc::invalid_argument, "it is refused");
          must(has(error.what(), "other threads (2)"), error.what());
        }) == "");
}

TEST_CASE("libraries that may have started threads are named, and what keeps them from it") {
  using tessera::detail::may_have_started_threads;
  const auto [libraries, settings] = may_have_started_threads(
      {"/lib/libc.so.6", "/usr/lib/libgomp.so.1", "/usr/lib/libopenblas.so.0", "libtbb.so.12"});
  CHECK(has(libraries, "libgomp.so.1, libopenblas.so.0, libtbb.so.12 may"));
  CHECK(has(settings, "(start the program with OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1)"));
  CHECK(may_have_started_threads({"/lib/libc.so.6"}) == std::pair<std::string, std::string>());
}

TEST_CASE("a forked keeper starts a worker for each place, and both end when the pool closes") {
  const Scene scene;
  CHECK(failure_in_child([] {
          const PoolMemory pool_memory(2);
          const auto& board = pool_memory.board;
          const auto all = [&](auto&& so) {
            return wait_until([&] { return so(board.processes()[0]) && so(board.processes()[1]); });
          };
          auto link = tessera::detail::fork_keeper({board, {}}, {}, false);
          must(all([](const ProcessSlot& its) { return its.pid.load() != 0; }), "workers start");
          const int worker = board.processes()[1].pid.load();
          must(worker != ::getpid() && parent_of(worker) != ::getpid(), "they are the keeper's");
          board.commands().closing.store(1);
          board.work_bell().ring();
          send(link.channel, Message::stop);
          must(all([](const ProcessSlot& its) { return its.pid.load() == 0; }), "workers end");
          send(link.channel, Message::stop);
          must(link.process.wait_ended(std::chrono::seconds(20)), "the keeper ends");
          link.process.reap();
        }) == "");
}
