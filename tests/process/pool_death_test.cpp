// Workers that die: in the middle of a tile, at rest, at any moment.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
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

#if defined(TESSERA_POSIX)
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::JobError;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using namespace std::chrono_literals;

namespace {

/// A job of 40 tiles in which tile 23 runs `death`.
template <class Death>
JobError die_in_tile_23(TiledPool& pool, SharedArray<int, 1>& a, Death death) {
  return job_error_of([&] {
    pool.map(
        {1},
        [death](const Tile<1>& tile, auto v) {
          if (tile.number() == 23) death();
          v = 1;
        },
        into(a));
  });
}

template <class Death>
void check_death(Death death, const std::string& words) {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({40});
  const auto error = die_in_tile_23(pool, a, death);
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(has(error.what(), words));
  REQUIRE(has(error.what(), "worker "));
  REQUIRE(has(error.what(), "tile 23"));
  REQUIRE(error.unfinished == std::vector<std::size_t>{23});
  REQUIRE(error.unknown == std::vector<std::size_t>{23});
  for (std::size_t k = 0; k < 40; ++k)
    if (k != 23) REQUIRE(a(k) == 1);
  REQUIRE(pool.report().workers_lost == 1);

  pool.map(
      {1}, [](auto v) { v += 5; }, into(a));
  REQUIRE(a(39) == 6);
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 3; }));
}

}  // namespace

TEST_CASE("a worker killed in the middle of a tile ends the job with an error that names it") {
  check_death([] { die(); }, words_of_kill);
}

TEST_CASE(
    "a worker that crashes in the middle of a tile ends the job with an error that names it") {
  check_death([] { crash(); }, words_of_crash);
}

TEST_CASE("a worker that exits in the middle of a tile ends the job with an error that names it") {
  check_death([] { tessera::host::leave(3); }, "exit code 3");
}

#if defined(TESSERA_POSIX)  // memory can't become smaller
TEST_CASE("an array that somebody truncates costs a worker, and not the caller") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40000});
  std::array<char, 128> path{};
  std::copy(a.path().begin(), a.path().end(), path.begin());
  const auto error = job_error_of([&] {
    pool.map(
        {1000},
        [path](const Tile<1>& tile, auto v) {
          if (tile.number() == 3 && ::truncate(path.data(), 4096) != 0) return;
          v = 2;
        },
        into(a));
  });
  REQUIRE(std::count(error.unknown.begin(), error.unknown.end(), 3) == 1);
  // Or what a worker finds that comes in the place of a dead one, and attaches anew.
  INFO(error.what());
  REQUIRE((error.errc() == Errc::worker_died || error.errc() == Errc::not_an_array ||
           error.errc() == Errc::replaced));

  const auto again = job_error_of([&] {
    pool.map(
        {1000}, [](auto v) { v = 2; }, into(a));
  });
  REQUIRE(again.errc() != Errc::kernel_failed);
  auto b = SharedArray<int, 1>::create({40});
  pool.map(
      {1}, [](auto v) { v = 3; }, into(b));
  REQUIRE(b(39) == 3);
  const auto file = a.path();
  a = SharedArray<int, 1>();
  REQUIRE_FALSE(exists(file));
}

TEST_CASE("a caller does not look behind the end of an array that somebody has truncated") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40000});
  std::array<char, 128> path{};
  std::copy(a.path().begin(), a.path().end(), path.begin());
  const auto error = job_error_of([&] {
    pool.map(
        {1000},
        [path](const Tile<1>& tile, auto v) {
          if (tile.number() == 0) {
            // The worker that comes next finds these bytes, and the caller is to restore them.
            std::fill_n(v.data() + 40000, 16, 7);
            crash();
          }
          if (tile.number() == 20) {
            wait_until([&] { return tile.stop_requested(); });
            if (::truncate(path.data(), 4096) != 0) return;
          }
        },
        into(a));
  });
  INFO(error.what());
  REQUIRE(has(error.what(), "behind the end"));
}
#endif

TEST_CASE("a kernel that kills its worker in each of few tiles ends with every tile unknown") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({12});
  const auto error = job_error_of([&] {
    pool.map(
        {1}, [](auto) { die(); }, into(a));
  });
  REQUIRE(error.unknown.size() == 12);
  pool.map(
      {1}, [](auto v) { v = 1; }, into(a));
  REQUIRE(a(11) == 1);
}

TEST_CASE("a kernel that always kills its worker is given up long before every tile has cost one") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({4000});
  const auto rerun = GENERATE(tessera::Rerun::never, tessera::Rerun::allowed);
  const auto error = job_error_of([&] {
    pool.map(
        {1}, {.rerun = rerun}, [](auto) { die(); }, into(a));
  });
  REQUIRE(error.errc() == Errc::worker_died);
  INFO(error.what());
  REQUIRE(has(error.what(), "workers died in a row and no tile was finished: given up"));
  REQUIRE(has(error.what(), words_of_kill));
  REQUIRE(error.unfinished.size() == 4000);
  REQUIRE(error.unknown.size() == pool.report().workers_lost);
  REQUIRE(pool.report().workers_lost <= 40);
  pool.map(
      {1}, [](auto v) { v = 1; }, into(a));
  REQUIRE(a(3999) == 1);
}

TEST_CASE("a job of which every second tile kills its worker computes all others") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({120});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto v) {
          if (tile.number() % 2 == 1) die();
          v = 1;
        },
        into(a));
  });
  REQUIRE(error.unfinished.size() == 60);
  for (std::size_t k = 0; k < 120; k += 2) REQUIRE(a(k) == 1);
}

#if defined(TESSERA_POSIX)  // a pipe that nobody reads is a signal
namespace {

/// In a child whose standard output is a pipe that nobody reads: jobs that print, while there is
/// to be `another()`.
template <class Another>
std::string print_into_a_closed_pipe(Another&& another) {
  return failure_in_child([&] {
    int ends[2];
    must(::pipe(ends) == 0 && ::dup2(ends[1], 1) == 1, "standard output is a pipe");
    ::close(ends[0]);
    TiledPool pool(2);
    auto a = SharedArray<int, 1>::create({4000});
    while (another()) {
      const auto error = job_error_of([&] {
        pool.map(
            {1},
            [](const Tile<1>& tile, auto v) {
              v = 1;
              std::printf("tile %zu\n", tile.number());
            },
            into(a));
      });
      must(has(error.what(), "given up") && has(error.what(), "Broken pipe"), error.what());
      must(pool.report().workers_lost <= 40, "few workers died");
    }
  });
}

}  // namespace

TEST_CASE("a kernel that prints into a pipe that nobody reads any more ends its job soon") {
  const Scene scene;
  REQUIRE(print_into_a_closed_pipe([rounds = 1]() mutable { return rounds-- > 0; }) == "");
}

TEST_CASE("soak: jobs that print into a closed pipe", "[.soak]") {
  const auto end = std::chrono::steady_clock::now() + soak_span();
  REQUIRE(print_into_a_closed_pipe([end] { return std::chrono::steady_clock::now() < end; }) == "");
  std::printf("closed pipe: every job ended with an Error after few deaths\n");
}
#endif

TEST_CASE("every worker may be killed in turn and the pool goes on") {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({30});
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 3; }));
  for (std::size_t w = 0; w < 3; ++w) {
    const int pid = pool.worker_pids()[w];
    kill_process(pid);
    REQUIRE(wait_until([&] {
      const auto pids = pool.worker_pids();
      return pids.size() == 3 && pids[w] != pid && has_ended(pid);
    }));
    pool.map(
        {1}, [](auto v) { v += 1; }, into(a));
  }
  for (const int element : a) REQUIRE(element == 3);
}

TEST_CASE("a job right after all idle workers were killed is right") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({100});
  for (int round = 1; round <= 10; ++round) {
    REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
    for (const int pid : pool.worker_pids()) kill_process(pid);
    pool.map(
        {1}, [](auto v) { v += 1; }, into(a));
    for (const int element : a) REQUIRE(element == round);
  }
}

TEST_CASE("a worker that can't live is not started again without a pause") {
  const Scene scene;
  TiledPool pool(1);
  const auto end = std::chrono::steady_clock::now() + 1s;
  int killed = 0, last = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto pids = pool.worker_pids();
    if (!pids.empty() && pids[0] != last) {
      last = pids[0];
      kill_process(last);
      ++killed;
    }
    std::this_thread::yield();
  }
  REQUIRE(killed >= 1);
  REQUIRE(killed <= 25);
}

TEST_CASE("jobs under random kills are right or list exactly what is unknown") {
  const Scene scene;
  constexpr std::size_t tiles = 64;
  // Longer than a worker takes to start.
  constexpr unsigned longest_pause = tessera::host::can_fork ? 15000 : 150000;
  TiledPool pool(3);
  auto a = SharedArray<int, 2>::create({tiles, 50});
  std::atomic<bool> over{false};
  std::atomic<int> kills{0};
  std::thread killer([&] {
    std::minstd_rand random(7);
    while (!over.load()) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % longest_pause));
      const auto pids = pool.worker_pids();
      if (pids.empty()) continue;
      ++kills;
      kill_process(pids[random() % pids.size()]);
    }
  });
  const auto end = std::chrono::steady_clock::now() + 4s;
  int jobs = 0, errors = 0, wrong = 0;
  std::vector<int> before(tiles, 0);  // the elements of each tile, -1 if not known
  for (int value = 1; std::chrono::steady_clock::now() < end; ++value, ++jobs) {
    std::vector<std::size_t> unfinished, unknown;
    const int kills_before = kills.load();
    try {
      const auto results = pool.map(
          {1, tessera::full},
          [value](auto v) {
            v = value;
            volatile int work = 0;
            while (work < 2000) work = work + 1;
            return value;
          },
          into(a));
      for (const int result : results) wrong += result != value;
    } catch (const JobError& error) {
      ++errors;
      unfinished = error.unfinished;
      unknown = error.unknown;
      wrong += error.errc() != Errc::worker_died;
      // Only a job whose workers die before they begin anything is given up with tiles untouched.
      wrong += kills.load() - kills_before < 16 && (unfinished != unknown || unknown.empty());
    }
    const auto among = [](const std::vector<std::size_t>& list, std::size_t k) {
      return std::count(list.begin(), list.end(), k) != 0;
    };
    for (std::size_t k = 0; k < tiles; ++k) {
      if (among(unknown, k))
        before[k] = -1;
      else if (!among(unfinished, k))
        before[k] = value;
      if (before[k] == -1) continue;
      for (std::size_t j = 0; j < 50; ++j) wrong += a(k, j) != before[k];
    }
  }
  over.store(true);
  killer.join();
  INFO(jobs << " jobs, " << errors << " errors");
  REQUIRE(wrong == 0);
  REQUIRE(jobs > errors);
  pool.map(
      {1, 1}, [](auto v) { v = -1; }, into(a));
  for (const int element : a) REQUIRE(element == -1);
}

#if defined(TESSERA_POSIX)  // the keeper is a thread
TEST_CASE("a keeper killed between jobs makes the pool unusable and ends its workers") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({30});
  pool.map(
      {1}, [](auto v) { v = 1; }, into(a));
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto pids = pool.worker_pids();
  ::kill(parent_of(pids[0]), SIGKILL);
  REQUIRE(all_end(pids));
  REQUIRE(wait_until([&] {
    try {
      pool.map(
          {1}, [](auto v) { v = 2; }, into(a));
    } catch (const tessera::Error& error) {
      return error.errc() == Errc::pool_unusable;
    }
    return false;
  }));
}

TEST_CASE("a keeper killed during a job ends the job with an error") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({30});
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto pids = pool.worker_pids();
  const int keeper = parent_of(pids[0]);
  std::thread killer([&] {
    wait_until([&] { return static_cast<const volatile int&>(a(7)) == 1; });
    ::kill(keeper, SIGKILL);
  });
  const auto error = error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto v) {
          v = 1;
          while (tile.number() == 7) ::pause();
        },
        into(a));
  });
  killer.join();
  REQUIRE(error.errc() == Errc::pool_unusable);
  REQUIRE(all_end(pids));
}
#endif

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a pool whose workers can't be started says so and works once they can") {
  const Scene scene;
  const auto failure = failure_in_child([] {
    // A limit of processes binds users other than root.
    must(::setgid(54321) == 0 && ::setuid(54321) == 0, "");
    ::prctl(PR_SET_DUMPABLE, 1);
    TiledPool pool(1);
    auto a = SharedArray<int, 1>::create({30});
    must(wait_until([&] { return pool.worker_pids().size() == 1; }), "the worker starts");
    const int worker = pool.worker_pids()[0], keeper = parent_of(worker);
    struct rlimit before {};
    const struct rlimit none {
      1, 1000
    };
    must(::prlimit(keeper, RLIMIT_NPROC, &none, &before) == 0, "the keeper can be limited");
    ::kill(worker, SIGKILL);
    must(wait_until([&] { return pool.worker_pids().empty(); }), "the worker's place is empty");
    const auto error = error_of([&] {
      pool.map(
          {1}, [](auto v) { v = 1; }, into(a));
    });
    must(error.errc() == Errc::pool_unusable, error.what());
    for (const int element : a) must(element == 0, "nothing has run");
    const struct rlimit some {
      1000, 1000
    };
    must(::prlimit(keeper, RLIMIT_NPROC, &some, nullptr) == 0, "the limit can be raised");
    must(wait_until([&] { return pool.worker_pids().size() == 1; }), "the worker starts");
    for (const int element : a) must(element == 0, "the failed job is not run later");
    pool.map(
        {1}, [](auto v) { v += 1; }, into(a));
    for (const int element : a) must(element == 1, "the next job runs once");
  });
  REQUIRE(failure == "");
}
#endif
