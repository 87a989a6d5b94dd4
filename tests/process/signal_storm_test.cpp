// Signals that batch systems, service managers and terminals send to all processes of a program.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/soak.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::into;
using tessera::PoolOptions;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

const std::vector<int> polite{SIGTERM, SIGHUP,  SIGINT,    SIGQUIT, SIGUSR1, SIGUSR2,     SIGXCPU,
                              SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,      SIGXFSZ,
                              SIGABRT, SIGTSTP, SIGTTIN,   SIGTTOU, SIGSYS,  SIGRTMIN + 3};

/// A program at work, all of whose processes get a signal at one moment.
void storm(int signal, const PoolOptions& options, std::chrono::microseconds moment) {
  const auto where = " after signal " + std::to_string(signal);
  int ends[2];
  must(::pipe2(ends, O_CLOEXEC) == 0, "there are pipes");
  Child program([&] {
    host::reset_signals();
    TiledPool pool(2, options);
    auto a = SharedArray<int, 1>::create("a", {64}), b = SharedArray<int, 1>::create({64});
    const auto pids = processes_of(pool);
    const auto bytes = pids.size() * sizeof(int);
    must(::write(ends[1], pids.data(), bytes) == static_cast<ssize_t>(bytes), "it tells");
    for (;;)
      pool.map(
          {4}, {.rerun = Rerun::allowed, .max_attempts = 100}, [](auto o, auto i) { o = i + 1; },
          into(a), b);
  });
  std::vector<int> pids(3);
  must(::read(ends[0], pids.data(), 3 * sizeof(int)) == 3 * sizeof(int), "it has a pool");
  ::close(ends[0]);
  ::close(ends[1]);
  pids.push_back(program.pid());
  std::this_thread::sleep_for(moment);
  for (const int pid : pids) ::kill(pid, signal);
  // Those that do not end a program stop it, or are ignored: as a batch system that loses patience.
  program.kill(SIGKILL);
  program.failure();
  must(wait_until([] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }, 5s),
       "no process is left" + where);
  must(host::segment_names().empty(), "no name is left" + where);
}

const std::vector<PoolOptions> kinds{{.start_method = StartMethod::fork},
                                     {.pin = false, .start_method = StartMethod::fork},
                                     {.start_method = StartMethod::spawn}};

}  // namespace

TEST_CASE("a signal to all processes of a program at once leaves no process and no name") {
  const Scene scene;
  // A keeper looks for names for a quarter of a second: several at a time.
  std::vector<Child> lanes;
  for (std::size_t lane = 0; lane < polite.size(); ++lane)
    lanes.emplace_back([lane] {
      const auto failure = failure_in_private_shm(16 * MiB, [lane] {
        must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
        for (std::size_t round = 0; round < 6; ++round)
          storm(polite[lane], kinds[round % kinds.size()], 100us * round * round);
      });
      must(failure.empty(), failure);
    });
  for (auto& lane : lanes) CHECK(lane.failure() == "");
}

TEST_CASE("soak: signals to all processes of a program", "[.soak]") {
  const auto end = std::chrono::steady_clock::now() + soak_span();
  const auto seed = soak_seed();
  CHECK(failure_in_private_shm(16 * MiB, [&] {
          must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
          std::minstd_rand random(seed);
          std::size_t storms = 0;
          for (; std::chrono::steady_clock::now() < end; ++storms)
            storm(polite[storms % polite.size()], kinds[random() % kinds.size()],
                  std::chrono::microseconds(random() % 5000));
          std::printf("storms: %zu signals to all: 0 processes and 0 names left\n", storms);
          std::fflush(stdout);
        }) == "");
}

TEST_CASE("a keeper lives through every signal that can be ignored, and its workers are replaced") {
  const Scene scene;
  for (const auto& options : kinds)
    CHECK(failure_in_child([&] {
            host::reset_signals();
            TiledPool pool(2, options);
            auto a = SharedArray<int, 1>::create({100});
            const int keeper = processes_of(pool).back();
            for (const int signal : polite) {
              const auto pids = processes_of(pool);
              must(pids.back() == keeper, "the keeper is the same");
              for (const int pid : pids) ::kill(pid, signal);
              for (const int pid : pids) ::kill(pid, SIGCONT);  // those that were stopped
              pool.map(
                  {1}, {.rerun = Rerun::allowed, .max_attempts = 100}, [](auto v) { v = 1; },
                  into(a));
            }
            must(!has_ended(keeper), "the keeper lives");
          }) == "");
}

TEST_CASE("a program that handles SIGTERM and goes on has a pool that works") {
  const Scene scene;
  for (const auto& options : kinds)
    CHECK(failure_in_child([&] {
            TiledPool pool(2, options);
            ::signal(SIGTERM, [](int) {});
            for (int round = 0; round < 20; ++round) {
              auto pids = processes_of(pool);
              pids.push_back(::getpid());
              for (const int pid : pids) ::kill(pid, SIGTERM);
              auto a = SharedArray<int, 1>::create({100});
              pool.map(
                  {1}, {.rerun = Rerun::allowed, .max_attempts = 100}, [](auto v) { v = 7; },
                  into(a));
              for (const int element : a) must(element == 7, "the job is right");
            }
          }) == "");
}
