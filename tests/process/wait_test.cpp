// The program's own children and signals: a pool adds nothing to what wait() and a SIGCHLD handler
// meet.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <set>
#include <string>
#include <thread>

#include <tessera.hpp>

#include "support/address_sanitizer.hpp"
#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::StartMethod;
using tessera::TiledPool;

namespace {

constexpr StartMethod methods[] = {StartMethod::fork, StartMethod::spawn,
                                   StartMethod::fork_with_threads};

pid_t own_child(int code) {
  const auto pid = ::fork();
  if (pid == 0) ::_exit(code);
  return pid;
}

}  // namespace

TEST_CASE("a program that waits for all its children does not wait for a pool") {
  const Scene scene;
  for (const auto method : methods)
    CHECK(failure_in_child([method] {
            ::alarm(20);
            TiledPool pool(2, {.start_method = method});
            check_a_job(pool);
            const std::set<pid_t> mine{own_child(1), own_child(2), own_child(3)};
            std::set<pid_t> met;
            int status = 0;
            for (pid_t pid; (pid = ::wait(&status)) > 0;) met.insert(pid);
            must(errno == ECHILD && met == mine, "its own children are all that it meets");
            must(::waitpid(-1, &status, WNOHANG) < 0 && ::waitpid(0, &status, 0) < 0, "none");
            check_a_job(pool);
            const auto keeper = processes_of(pool).back();
            pool = TiledPool::in_caller();
            must(wait_until([&] { return state_of(keeper).letter == 'X'; }), "no zombie is left");
            must(::wait(&status) < 0 && errno == ECHILD, "nor a child");
          }) == "");
}

// There the helper that starts a pool is seen: see host/detached_child.hpp.
#if !defined(TESSERA_ADDRESS_SANITIZER)

TEST_CASE("a thread that waits for whatever ends meets nothing of a pool, not even of its start") {
  const Scene scene;
  for (const auto method : {StartMethod::spawn, StartMethod::fork_with_threads})
    CHECK(failure_in_child([method] {
            std::atomic<bool> over{false};
            std::atomic<int> met{0};
            std::thread waiter([&] {
              while (!over)
                if (::waitpid(-1, nullptr, WNOHANG) > 0) ++met;
            });
            for (int round = 0; round < 5; ++round) {
              TiledPool pool(2, {.start_method = method});
              kill_process(processes_of(pool)[0]);
              check_a_job(pool);
            }
            over = true;
            waiter.join();
            must(met == 0, std::to_string(met) + " met");
          }) == "");
}

TEST_CASE("a pool sends its program no SIGCHLD, and works where that is ignored or collects all") {
  const Scene scene;
  for (const auto method : methods) {
    CHECK(failure_in_child([method] {
            static std::atomic<int> signals{0};
            ::signal(SIGCHLD, [](int) { ++signals; });
            for (int round = 0; round < 3; ++round) {
              TiledPool pool(2, {.start_method = method});
              kill_process(processes_of(pool)[0]);
              check_a_job(pool);
            }
            must(signals == 0, std::to_string(signals) + " signals");
          }) == "");
    CHECK(failure_in_child([method] {
            ::signal(SIGCHLD, SIG_IGN);
            TiledPool pool(2, {.start_method = method});
            kill_process(processes_of(pool)[0]);
            check_a_job(pool);
            const auto pids = processes_of(pool);
            pool = TiledPool::in_caller();
            must(all_end(pids), "they end");
          }) == "");
    CHECK(failure_in_child([method] {
            ::signal(SIGCHLD, [](int) {
              while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
            });
            for (int round = 0; round < 3; ++round) {
              TiledPool pool(2, {.start_method = method});
              check_a_job(pool);
              own_child(0);
            }
          }) == "");
  }
}

#endif

TEST_CASE("a process that adopts orphans has no zombie of a pool that has ended") {
  const Scene scene;
  for (const auto method : methods)
    CHECK(failure_in_child([method] {
            must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
            for (int round = 0; round < 3; ++round) {
              TiledPool pool(2, {.start_method = method});
              check_a_job(pool);
            }
            must(::waitpid(-1, nullptr, WNOHANG | __WALL) < 0 && errno == ECHILD, "none is left");
          }) == "");
}
