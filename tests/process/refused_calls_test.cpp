// Pools where the system refuses calls that it has: sandboxes, older container runtimes, emulators.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/refused_calls.hpp"
#include "support/scene.hpp"
#include "support/stepping.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::into;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

// pidfd_open, pidfd_send_signal and P_PIDFD belong together: waitid itself is old.
const std::vector<std::vector<long>> ways_without_pidfd{
    {SYS_pidfd_open}, {SYS_pidfd_open, SYS_pidfd_send_signal, SYS_waitid}};

/// Ways in which files without a name can be refused, for the process that calls them.
const std::vector<std::function<void()>> ways_without_nameless_files{
    [] { refuse_nameless_files(EOPNOTSUPP); }, [] { refuse_calls({SYS_linkat}, EPERM); },
    [] {
      refuse_nameless_files(EPERM);
      refuse_calls({SYS_renameat2, SYS_memfd_create}, ENOSYS);
    }};

/// How many files are in the folder of names, hidden ones too.
std::size_t files_of_names() {
  std::size_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator(host::segment_folder()))
    out += !entry.path().empty();
  return out;
}

}  // namespace

TEST_CASE("where pidfds are refused a handle sees the end of a process and kills it") {
  const Scene scene;
  for (const auto& calls : ways_without_pidfd)
    for (const int failure : {EPERM, ENOSYS, EACCES})
      CHECK(failure_in_child([&] {
              refuse_calls(calls, failure);
              const auto sleeper = [] {
                return host::fork_child("test", [] {
                  for (;;) ::pause();
                  return 0;
                });
              };
              const int pid = sleeper();
              const host::ProcessHandle process(pid), self(::getpid());
              must(!process.wait_ended(10ms), "it lives");
              process.kill();
              must(process.wait_ended(20s), "it has ended");
              must(state_of(pid).letter == 'Z', "and nobody has taken its end");
              process.reap();
              must(state_of(pid).letter == 'X', "until it is reaped");
              must(process.wait_ended(0ms) && !self.wait_ended(0ms), "it has ended for ever");
              process.kill();
              process.reap();
            }) == "");
}

TEST_CASE("where pidfds are refused pools work, replace workers and leave nothing") {
  const Scene scene;
  for (const auto method : {StartMethod::fork, StartMethod::spawn})
    for (const int failure : {EPERM, ENOSYS})
      CHECK(failure_in_private_shm(16 * MiB, [&] {
              refuse_calls(ways_without_pidfd[1], failure);
              must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
              {
                TiledPool pool(2, {.start_method = method});
                check_a_job(pool);
                for (const int pid : pool.worker_pids()) kill_process(pid);
                check_a_job(pool);
                auto a = SharedArray<int, 1>::create({8});
                const auto error = error_of([&] {
                  pool.map(
                      {4},
                      [](const tessera::Tile<1>& tile, auto) {
                        if (tile.number() == 1) die();
                      },
                      into(a));
                });
                must(error.errc() == tessera::Errc::worker_died, error.what());
                check_a_job(pool);
              }
              must(wait_until([] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }), "none is left");
              Child caller([&] {
                TiledPool pool(2, {.start_method = method});
                const auto a = SharedArray<int, 1>::create("a", {100});
                check_a_job(pool);
                ::raise(SIGKILL);
              });
              must(caller.failure() == "killed by signal 9", "a caller is killed");
              must(wait_until([] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }, 5s),
                   "no process is left");
              must(host::segment_names().empty(), "no name is left");
              {
                TiledPool pool(2, {.start_method = method});
                const auto pids = processes_of(pool);
                kill_process(pids.back());
                must(all_end(pids), "workers end with their keeper");
                const auto job = error_of([&] { check_a_job(pool); });
                must(job.errc() == tessera::Errc::pool_unusable, job.what());
              }
            }) == "");
}

TEST_CASE("where calls for which there is another way are refused pools work all the same") {
  const Scene scene;
  for (const auto& calls :
       std::vector<std::vector<long>>{{SYS_signalfd4}, {SYS_memfd_create}, {SYS_prctl}})
    for (const auto method : {StartMethod::fork, StartMethod::spawn})
      for (const int failure : {EPERM, ENOSYS})
        CHECK(failure_in_private_shm(16 * MiB, [&] {
                refuse_calls(calls, failure);
                TiledPool pool(2, {.start_method = method});
                check_a_job(pool);
              }) == "");
}

TEST_CASE("where files without a name are refused arrays and pools keep their promises") {
  const Scene scene;
  for (const auto& refuse : ways_without_nameless_files)
    for (const auto method : {StartMethod::fork, StartMethod::spawn})
      CHECK(failure_in_private_shm(16 * MiB, [&] {
              refuse();
              auto a = SharedArray<int, 1>::create("a", {100});
              a(7) = 7;
              must(SharedArray<int, 1>::attach("a")(7) == 7, "it is found");
              const auto taken = error_of([] { SharedArray<int, 1>::create("a", {100}); });
              must(taken.errc() == tessera::Errc::name_taken, taken.what());
              must(tessera::catalog::list().size() == 1 && files_of_names() == 1, "it is alone");
              must(tessera::catalog::reap().empty(), "it has an owner");
              const auto fixed = SharedArray<const int, 1>::copy_of(std::vector<int>{1, 2});
              must(fixed(1) == 2, "what is read-only is opened again");
              TiledPool pool(2, {.start_method = method});
              check_a_job(pool);
              Child caller([&] {
                TiledPool mine(2, {.start_method = method});
                const auto b = SharedArray<int, 1>::create("b", {100});
                check_a_job(mine);
                ::raise(SIGKILL);
              });
              must(caller.failure() == "killed by signal 9", "a caller is killed");
              must(wait_until([] { return !exists(shm_path("b")); }, 5s), "its name goes");
            }) == "");
}

TEST_CASE("where files without a name are refused a killed creator leaves what a reaper removes") {
  const Scene scene;
  for (const auto& refuse : ways_without_nameless_files)
    CHECK(failure_in_private_shm(16 * MiB, [&] {
            std::size_t left = 0;
            kill_before_each_call(
                "create", [] {},
                [&] {
                  refuse();
                  auto x = SharedArray<int, 1>::create("x", {8});
                  x(7) = 7;
                },
                [&]() -> std::string {
                  const auto files = files_of_names(), names = host::segment_names().size();
                  must(files <= 1 + names && names <= 1, "there is one file at most");
                  if (names == 1) must(SharedArray<int, 1>::attach("x").size() == 8, "it is whole");
                  left += files != names;
                  const auto reaped = tessera::catalog::reap();
                  must(reaped.size() == names && files_of_names() == 0, "nothing is left");
                  return names == 1 ? "an orphan" : files == 1 ? "no name" : "nothing";
                });
            must(left > 0, "some were killed before it had its name");
          }) == "");
}
