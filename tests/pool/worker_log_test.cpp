// PoolOptions::log: what workers print arrives in whole lines, with worker and tile.
#include <tessera/pool/worker_log.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
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
using tessera::into;
using tessera::JobError;
using tessera::LogLine;
using tessera::PoolOptions;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using tessera::whole;

namespace {

struct Line {
  std::size_t worker;
  std::optional<std::size_t> tile;
  std::string text;
};

/// A pool that keeps what its workers print.
struct LoggedPool {
  std::vector<Line> lines;
  TiledPool pool;
  explicit LoggedPool(std::size_t workers, tessera::WorkerSetup setup = {})
      : pool(workers, {.each_worker = std::move(setup), .log = [this](const LogLine& line) {
                         lines.push_back({line.worker, line.tile, std::string(line.text)});
                       }}) {}

  /// The only line with this text.
  const Line& line(const std::string& text) const {
    const auto is_it = [&](const Line& line) { return line.text == text; };
    REQUIRE(std::ranges::count_if(lines, is_it) == 1);
    return *std::ranges::find_if(lines, is_it);
  }
};

}  // namespace

TEST_CASE("lines of every tile are there when map returns, each once and with its tile") {
  LoggedPool its(3);
  auto a = SharedArray<int, 1>::create({50});
  its.pool.map(
      {1},
      [](const Tile<1>& tile, auto) {
        std::cerr << "in " << tile.number() << " on "
                  << "stderr\n";
        std::printf("in %zu on stdout\n", tile.number());
      },
      into(a));
  CHECK(its.lines.size() == 100);
  for (std::size_t k = 0; k < 50; ++k)
    for (const auto* const stream : {"stderr", "stdout"}) {
      const auto& line = its.line("in " + std::to_string(k) + " on " + stream);
      CHECK(line.tile == k);
      CHECK(line.worker < 3);
    }
}

TEST_CASE("a line that has no end ends with its tile") {
  LoggedPool its(2);
  auto a = SharedArray<int, 1>::create({8});
  its.pool.map(
      {1}, [](const Tile<1>& tile, auto) { std::cerr << "tile " << tile.number(); }, into(a));
  CHECK(its.lines.size() == 8);
  for (std::size_t k = 0; k < 8; ++k) CHECK(its.line("tile " + std::to_string(k)).tile == k);
}

TEST_CASE("empty lines arrive as empty lines") {
  LoggedPool its(1);
  auto a = SharedArray<int, 1>::create({1});
  its.pool.map(
      {1}, [](auto) { std::cerr << "\nb\n\n"; }, into(a));
  REQUIRE(its.lines.size() == 3);
  CHECK((its.lines[0].text.empty() && its.lines[1].text == "b" && its.lines[2].text.empty()));
}

TEST_CASE("more than a pipe holds arrives, though the caller only waits") {
  LoggedPool its(2);
  auto a = SharedArray<int, 1>::create({4});
  its.pool.map(
      {1},
      [](auto) {
        for (int i = 0; i < 40000; ++i) std::fprintf(stderr, "%060d\n", i);
      },
      into(a));
  CHECK(its.lines.size() == 160000);
  CHECK(std::ranges::all_of(its.lines, [](const Line& line) { return line.text.size() == 60; }));
}

TEST_CASE("a line that never ends arrives in pieces") {
  LoggedPool its(1);
  auto a = SharedArray<int, 1>::create({1});
  its.pool.map(
      {1}, [](auto) { std::cerr << std::string(300000, 'x'); }, into(a));
  std::string all;
  for (const auto& line : its.lines) all += line.text;
  CHECK(its.lines.size() > 1);
  CHECK(all == std::string(300000, 'x'));
}

TEST_CASE("the last words of a worker that dies arrive, with its tile") {
  LoggedPool its(2);
  auto a = SharedArray<int, 1>::create({4});
  REQUIRE_THROWS_AS(its.pool.map(
                        {1},
                        [](const Tile<1>& tile, auto) {
                          if (tile.number() != 2) return;
                          std::cerr << "I am lost";
                          crash();
                        },
                        into(a)),
                    JobError);
  CHECK(its.line("I am lost").tile == 2);
}

TEST_CASE("what is printed in the setup of a worker belongs to no tile") {
  LoggedPool its(2, [](std::size_t worker) { std::cerr << "set up " << worker << '\n'; });
  CHECK(its.line("set up 0").worker == 0);
  CHECK(its.line("set up 1").worker == 1);
  CHECK_FALSE(its.line("set up 1").tile.has_value());
}

TEST_CASE("tiles of transform that are computed in slabs are told by the tiles of the call") {
  LoggedPool its(2);
  auto a = SharedArray<double, 3>::create({8, 64, 64});
  its.pool.transform(
      {32, 64}, a,
      [](double x) {
        static bool said = false;
        if (!said) std::cerr << "once\n";
        said = true;
        return x;
      },
      a);
  REQUIRE_FALSE(its.lines.empty());
  for (const auto& line : its.lines) CHECK(line.tile < 2u);
}

TEST_CASE("what the log's function throws stops the job, and map throws it") {
  bool throws = true;
  TiledPool pool(2, {.log = [&](const LogLine&) {
                   if (throws) throw std::range_error("no room for lines");
                 }});
  auto a = SharedArray<int, 1>::create({10});
  const auto print = [](auto v) { v += 1, std::cerr << "a line\n"; };
  REQUIRE_THROWS_AS(pool.map({1}, print, into(a)), std::range_error);
  throws = false;
  pool.map({1}, add_one, into(a));
}

TEST_CASE("an asynchronous job passes its lines on before get returns") {
  LoggedPool its(2);
  auto a = SharedArray<int, 1>::create({3});
  auto job = its.pool.map_async(
      {1}, [](const Tile<1>& tile, auto) { std::cerr << tile.number() << '\n'; }, into(a));
  job.get();
  CHECK(its.lines.size() == 3);
}

TEST_CASE("a job after one that was cancelled waits for no worker that can't print") {
  LoggedPool its(1);
  auto a = SharedArray<int, 1>::create({2});
  auto job = its.pool.map_async(
      {1},
      [](const Tile<1>& tile, auto v) {
        v(0) = 1;
        while (!tile.stop_requested()) std::fprintf(stderr, "%060d\n", 1);
      },
      into(a));
  REQUIRE(wait_until([&] { return shared(a(0)).load() + shared(a(1)).load() > 0; }));
  job.cancel();
  REQUIRE_THROWS_AS(job.get(), JobError);
  check_a_job(its.pool);
}

TEST_CASE(
    "a job that is given up is over soon, however much it prints and however slow the log is") {
  TiledPool pool(1, {.log = [](const LogLine&) {
                   std::this_thread::sleep_for(std::chrono::microseconds(10));
                 }});
  auto a = SharedArray<int, 1>::create({1});
  const auto began = std::chrono::steady_clock::now();
  {
    auto job = pool.map_async(
        {1},
        [](auto v) {
          v(0) = 1;
          for (;;) std::fprintf(stderr, "an error in a loop\n");
        },
        into(a));
    REQUIRE(wait_until([&] { return shared(a(0)).load() == 1; }));
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
  check_a_job(pool);
}

TEST_CASE("a log that uses its own pool gets an Error, which ends the job") {
  TiledPool* its = nullptr;
  TiledPool pool(1, {.log = [&](const LogLine&) { static_cast<void>(its->report()); }});
  its = &pool;
  auto a = SharedArray<int, 1>::create({1});
  const auto error = error_of([&] {
    pool.map(
        {1}, [](auto) { std::cerr << "a line\n"; }, into(a));
  });
  CHECK(error.errc() == tessera::Errc::invalid_argument);
  CHECK(has(error.what(), "can't use the pool that calls it"));
}

TEST_CASE("a caller that computes reads between its own tiles") {
  constexpr int tiles = 64;
  static int by_caller, at_first_line;  // tiles that the caller had computed, at its first line
  static std::optional<SharedArray<int, 1>> stop, begun;
  by_caller = 0;
  at_first_line = tiles;
  stop.emplace(SharedArray<int, 1>::create({1}));
  begun.emplace(SharedArray<int, 1>::create({tiles}));
  TiledPool pool(2, {.caller_computes = true, .log = [](const LogLine&) {
                       at_first_line = std::min(at_first_line, by_caller);
                       shared((*stop)(0)).store(1);
                     }});
  pool.map(
      {1},
      [caller = tessera::host::own_pid()](auto v, auto its_stop) {
        shared(v(0)).store(1);
        if (tessera::host::own_pid() != caller) {  // until the caller has read a line
          for (int i = 0; i < 1000000 && shared(its_stop(0)).load() == 0; ++i)
            std::fprintf(stderr, "%060d\n", i);
          return;
        }
        // The worker has begun a tile too. It ends when the caller reads, so not in this one.
        if (by_caller == 0)
          wait_until([] {
            int all = 0;
            for (auto& one : *begun) all += shared(one).load();
            return all > 1;
          });
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++by_caller;
      },
      into(*begun), whole(*stop));
  // Else the caller first computes all but the one tile in which the worker waits.
  CHECK(at_first_line < tiles - 1);
}

#if defined(TESSERA_POSIX)
TEST_CASE("a process that a kernel has left, and that prints without end, holds nobody") {
  LoggedPool its(2);
  auto a = SharedArray<int, 1>::create({2});
  its.pool.map(
      {1},
      [](const Tile<1>& tile, auto) {
        if (tile.number() == 0 && ::fork() == 0) {
          ::signal(SIGPIPE, SIG_DFL);
          ::signal(SIGALRM, SIG_DFL);
          ::alarm(60);
          for (;;) static_cast<void>(!::write(2, "noise\n", 6));
        }
      },
      into(a));
  check_a_job(its.pool);
}

TEST_CASE("a process that a kernel has left is told by SIGPIPE that nobody reads what it prints") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            auto pid = SharedArray<int, 1>::create({1});
            {
              TiledPool pool(1, {.log = [](const LogLine&) {}});
              pool.map(
                  {1},
                  [](auto p) {
                    const int child = ::fork();
                    if (child == 0) {
                      ::signal(SIGPIPE, SIG_DFL);
                      ::signal(SIGALRM, SIG_DFL);
                      ::alarm(60);
                      for (;;) {
                        static_cast<void>(!::write(2, "noise\n", 6));
                        ::usleep(1000);
                      }
                    }
                    p(0) = child;
                  },
                  into(pid));
            }
            must(wait_until([&] { return has_ended(pid(0)); }), "it has ended");
          }) == "");
}
#endif
