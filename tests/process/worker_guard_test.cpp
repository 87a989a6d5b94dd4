// Workers that kernels have made unfit for work, or no child of their keeper's any more.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include <tessera.hpp>

#include "support/address_sanitizer.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::Tile;
using tessera::TiledPool;

namespace {

/// What a kernel may do to its process so that it can attach nothing any more.
void make_unfit(int way) {
  static bool done = false;  // in this worker
  if (std::exchange(done, true)) return;
  struct rlimit limit {};
  switch (way) {
    case 0:
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = 0;
      ::setrlimit(RLIMIT_NOFILE, &limit);
      break;
    case 1:
      limit = {0, 0};
      ::setrlimit(RLIMIT_AS, &limit);
      break;
    case 2:
      while (::dup(0) >= 0) {
      }
      break;
    case 3:
      if (::chroot("/proc/self") != 0 || ::chdir("/") != 0) std::abort();
      break;
    case 4:
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) std::abort();
      break;
  }
}
bool needs_root(int way) { return way >= 3; }

}  // namespace

TEST_CASE("a worker that can't attach any more what it could is replaced, and the job is right") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40});
  for (int way = 0; way < 5; ++way) {
    if (needs_root(way) && ::geteuid() != 0) continue;
#if defined(TESSERA_ADDRESS_SANITIZER)
    if (way == 1) continue;
#endif
    INFO("way " << way);
    pool.map(
        {1}, [way](auto) { make_unfit(way); }, into(a));
    auto b = SharedArray<int, 1>::create({40});
    for (int job = 1; job <= 3; ++job) {
      pool.map(
          {1}, [](auto v) { v += 1; }, into(b));
      for (const int element : b) REQUIRE(element == job);
    }
  }
}

TEST_CASE("what a fresh worker can't attach either is told, and costs no further worker") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40});
  pool.map(
      {1}, [](auto v) { v = 1; }, into(a));
  const Folder folder;
  auto gone = SharedArray<int, 1>::create_file(folder.file("gone.npy"), {40});
  ::unlink(gone.path().c_str());
  for (int job = 0; job < 5; ++job) {
    const auto error = job_error_of([&] { pool.map({1}, add_one, into(gone)); });
    CHECK(error.errc() == Errc::name_missing);
    CHECK(has(error.what(), "a worker could not begin the job"));
  }
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto pids = pool.worker_pids();
  for (int job = 0; job < 5; ++job) job_error_of([&] { pool.map({1}, add_one, into(gone)); });
  CHECK(pool.worker_pids() == pids);
  check_a_job(pool);
}

TEST_CASE("a worker that the system does not end with its keeper ends by itself") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40});
  pool.map(
      {1}, [](auto) { ::prctl(PR_SET_PDEATHSIG, 0); }, into(a));
  const auto all = processes_of(pool);
  kill_process(all.back());  // the keeper
  CHECK(all_end(all));
}

TEST_CASE("a process that a kernel forked and that comes back from it is no worker") {
  const Scene scene;
  const bool by_throwing = GENERATE(false, true), by_raw_call = GENERATE(false, true);
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({20});
  const auto ends = pool.map(
      {1},
      [by_throwing, by_raw_call](const Tile<1>& tile, auto v) -> int {
        if (tile.number() % 5 == 0) {
          const auto child = by_raw_call
                                 ? static_cast<::pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
                                 : ::fork();
          if (child == 0) {
            if (by_throwing) throw 1;
            return -1;
          }
          int status = 0;
          const bool ended = wait_until([&] { return ::waitpid(child, &status, WNOHANG) == child; },
                                        std::chrono::seconds(5));
          if (!ended) ::kill(child, SIGKILL);
          v += 1;
          return ended && WIFEXITED(status) ? WEXITSTATUS(status) : 100;
        }
        v += 1;
        return 0;
      },
      into(a));
  for (std::size_t k = 0; k < 20; ++k) {
    CHECK(ends(k) == (k % 5 == 0 ? EXIT_FAILURE : 0));
    CHECK(a(k) == 1);
  }
}
