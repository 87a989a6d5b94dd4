// A pool's end, however it comes: no process and no name is left.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using namespace std::chrono_literals;

namespace {

bool shm_is_empty() { return std::filesystem::is_empty(tessera::segment_folder()); }

/// What a caller is doing when its end comes.
enum class Busy { idle, in_a_job };

/// A process with named arrays and a pool of two workers, in a session's process group of its own.
class Caller {
 public:
  explicit Caller(Busy busy) {
    must(::pipe2(ends_, O_CLOEXEC) == 0, "a pipe can be made");
    child_.emplace([this, busy] {
      ::setpgid(0, 0);
      tessera::host::reset_signals();  // the test program's handlers would speak
      auto before = SharedArray<int, 1>::create(unique_name("before"), {100});
      TiledPool pool(2);
      auto after = SharedArray<int, 1>::create(unique_name("after"), {100});
      pool.map(
          {10}, [](auto v) { v = 1; }, into(after));
      const auto pids = processes_of(pool);
      const auto size = static_cast<ssize_t>(pids.size() * sizeof(int));
      must(::write(ends_[1], pids.data(), static_cast<std::size_t>(size)) == size, "pids are told");
      if (busy == Busy::in_a_job)
        pool.map(
            {10},
            [](auto v) {
              v = 2;
              for (;;) ::pause();
            },
            into(after));
      for (;;) ::pause();
    });
    pids_.resize(3);
    must(::read(ends_[0], pids_.data(), 3 * sizeof(int)) == 3 * sizeof(int), "pids arrive");
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  int pid() const { return child_->pid(); }
  std::string failure() { return child_->failure(); }
  const std::vector<int>& processes() const { return pids_; }

 private:
  int ends_[2];
  std::optional<Child> child_;
  std::vector<int> pids_;
};

// In a /dev/shm of its own: a caller ends by `signal`, and nothing is left.
std::string end_by(int signal, bool whole_group, Busy busy, int rounds = 1) {
  return failure_in_private_shm(64 * MiB, [=] {
    for (int round = 0; round < rounds; ++round) {
      Caller caller(busy);
      must(!shm_is_empty(), "the caller has names");
      ::kill(whole_group ? -caller.pid() : caller.pid(), signal);
      must(caller.failure() == "killed by signal " + std::to_string(signal), "the signal ends it");
      must(all_end(caller.processes()), "workers and keeper end");
      must(wait_until(shm_is_empty, 5s), "the names go");
    }
  });
}

}  // namespace

TEST_CASE("a caller that is killed at rest leaves no process and no name") {
  const Scene scene;
  REQUIRE(end_by(SIGKILL, false, Busy::idle, 15) == "");
}

TEST_CASE("a caller that is killed in the middle of a job leaves no process and no name") {
  const Scene scene;
  REQUIRE(end_by(SIGKILL, false, Busy::in_a_job, 15) == "");
}

TEST_CASE("a caller that is killed while a worker is stopped leaves no process and no name") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            Caller caller(Busy::idle);
            const int worker = caller.processes()[0];
            ::kill(worker, SIGSTOP);
            must(wait_until([&] { return state_of(worker).letter == 'T'; }), "a worker stops");
            ::kill(caller.pid(), SIGKILL);
            must(caller.failure() == "killed by signal 9", "the caller ends");
            must(all_end(caller.processes()), "workers and keeper end");
            must(wait_until(shm_is_empty, 5s), "the names go");
          }) == "");
}

TEST_CASE(
    "a caller that is killed before its keeper hears of a deadline leaves nothing to wait for") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            int go[2], pids_of[2];
            must(::pipe2(go, O_CLOEXEC) == 0 && ::pipe2(pids_of, O_CLOEXEC) == 0, "pipes");
            Child caller([&] {
              TiledPool pool(2);
              auto a = SharedArray<int, 1>::create("a", {10});
              const auto pids = processes_of(pool);
              const auto size = static_cast<ssize_t>(pids.size() * sizeof(int));
              must(::write(pids_of[1], pids.data(), static_cast<std::size_t>(size)) == size, "");
              char byte;
              must(::read(go[0], &byte, 1) == 1, "it goes on");
              pool.map(
                  {10}, {.tile_timeout = 1h},
                  [](auto v) {
                    v = 2;
                    for (;;) ::pause();
                  },
                  into(a));
            });
            std::vector<int> pids(3);
            must(::read(pids_of[0], pids.data(), 3 * sizeof(int)) == 3 * sizeof(int), "pids");
            const int keeper = pids[2];
            ::kill(keeper, SIGSTOP);
            must(wait_until([&] { return state_of(keeper).letter == 'T'; }), "the keeper stops");
            const auto a = SharedArray<const int, 1>::attach("a");
            must(::write(go[1], "x", 1) == 1, "the caller goes on");
            must(wait_until([&] { return static_cast<const volatile int&>(a(0)) == 2; }),
                 "a tile is begun");
            caller.kill(SIGKILL);
            must(wait_until([&] { return has_ended(caller.pid()); }), "the caller ends");
            ::kill(keeper, SIGCONT);
            // Less than what workers are given where a pool closes in order.
            must(wait_until([&] { return has_ended(pids[0]) && has_ended(pids[1]); }, 1500ms),
                 "the workers end at once");
            must(all_end(pids) && wait_until(shm_is_empty, 5s), "nothing is left");
          }) == "");
}

TEST_CASE("a caller that is interrupted from its terminal leaves no process and no name") {
  const Scene scene;
  REQUIRE(end_by(SIGINT, true, Busy::idle) == "");
  REQUIRE(end_by(SIGINT, true, Busy::in_a_job) == "");
}

TEST_CASE("a caller that is terminated or hung up leaves no process and no name") {
  const Scene scene;
  REQUIRE(end_by(SIGTERM, false, Busy::idle) == "");
  REQUIRE(end_by(SIGHUP, true, Busy::idle) == "");
}

TEST_CASE("a program that calls exit with a pool alive leaves no process and no name") {
  const Scene scene;
  const bool destroyed = GENERATE(false, true);
  REQUIRE(failure_in_private_shm(64 * MiB, [=] {
            const Folder folder;
            const auto told = folder.file("pids");
            const auto failure = failure_in_child([&] {
              tessera::host::drop_buffered_output();  // the test program's, at whose exit it is
              static std::optional<SharedArray<int, 1>> static_array;
              static std::optional<TiledPool> static_pool;
              std::optional<SharedArray<int, 1>> array_on_stack;
              std::optional<TiledPool> pool_on_stack;
              auto& a = destroyed ? static_array : array_on_stack;
              auto& pool = destroyed ? static_pool : pool_on_stack;
              pool.emplace(2);
              a.emplace(SharedArray<int, 1>::create(unique_name(), {100}));
              pool->map(
                  {10}, [](auto v) { v = 1; }, into(*a));
              std::string text;
              for (const int pid : processes_of(*pool)) text += std::to_string(pid) + " ";
              write_file(told, text);
              std::exit(0);
            });
            must(failure == "", failure);
            std::ifstream in(told);
            std::vector<int> pids;
            for (int pid; in >> pid;) pids.push_back(pid);
            must(pids.size() == 3, "three processes were told");
            must(all_end(pids), "workers and keeper end");
            must(wait_until(shm_is_empty, 5s), "the names go");
          }) == "");
}

TEST_CASE("kept arrays of a killed caller stay") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            const auto name = unique_name();
            std::vector<int> pids(2);
            int ends[2];
            must(::pipe2(ends, O_CLOEXEC) == 0, "a pipe can be made");
            Child caller([&] {
              auto a = SharedArray<int, 1>::create(name, {10});
              auto b = SharedArray<int, 1>::create({10});
              TiledPool pool(1);
              pool.map(
                  {1}, [](auto v, auto w) { v = w = 3; }, into(a), into(b));
              a.keep();
              pids = processes_of(pool);
              must(::write(ends[1], pids.data(), 2 * sizeof(int)) == 2 * sizeof(int), "told");
              for (;;) ::pause();
            });
            must(::read(ends[0], pids.data(), 2 * sizeof(int)) == 2 * sizeof(int), "heard");
            caller.kill(SIGKILL);
            caller.failure();
            must(all_end(pids), "workers and keeper end");
            must((SharedArray<int, 1>::attach(name)(9)) == 3, "the kept array is there");
            must(SharedArray<int, 1>::remove(name), "it can be removed");
          }) == "");
}

TEST_CASE("arrays of other processes stay when a caller is killed") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            auto mine = SharedArray<int, 1>::create(unique_name("mine"), {10});
            Child crash([] {
              const auto orphan = SharedArray<int, 1>::create("orphan", {10});
              ::raise(SIGKILL);
            });
            crash.failure();
            Caller caller(Busy::idle);
            ::kill(caller.pid(), SIGKILL);
            caller.failure();
            must(all_end(caller.processes()), "workers and keeper end");
            must(exists(mine.path()), "a live owner's name stays");
            must(tessera::catalog::reap() == std::vector<std::string>{"orphan"},
                 "and a dead one's, which is nobody's but a reaper's");
          }) == "");
}

TEST_CASE("a pool works where the caller ignores the ends of its children") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::signal(SIGCHLD, SIG_IGN);
            std::vector<int> pids;
            {
              TiledPool pool(2);
              auto a = SharedArray<int, 1>::create({50});
              pids = processes_of(pool);
              pool.map(
                  {1}, [](auto v) { v = 1; }, into(a));
              must(error_of([&] {
                     pool.map(
                         {50}, [](auto) { ::raise(SIGKILL); }, a);
                   }).errc() == Errc::worker_died,
                   "a death is seen");
              pool.map(
                  {1}, [](auto v) { v += 1; }, into(a));
              for (const int element : a) must(element == 2, "jobs are right");
            }
            must(all_end(pids), "workers and keeper end");
          }) == "");
}

TEST_CASE("a pool works where the caller collects every child itself") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            std::atomic<bool> over{false};
            std::vector<int> pids;
            std::optional<TiledPool> pool(std::in_place, 2);
            pids = processes_of(*pool);
            std::thread collector([&] {
              while (!over.load()) {
                ::waitpid(-1, nullptr, WNOHANG);
                std::this_thread::yield();
              }
            });
            auto a = SharedArray<int, 1>::create({50});
            pool->map(
                {1}, [](auto v) { v = 1; }, into(a));
            const auto code = error_of([&] {
                                pool->map(
                                    {50}, [](auto) { ::raise(SIGKILL); }, a);
                              }).errc();
            pool->map(
                {1}, [](auto v) { v += 1; }, into(a));
            pool.reset();
            over.store(true);
            collector.join();
            must(code == Errc::worker_died, "a death is seen");
            for (const int element : a) must(element == 2, "jobs are right");
            must(all_end(pids), "workers and keeper end");
          }) == "");
}

TEST_CASE("a pool works where the caller handles and blocks signals of its own") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::signal(SIGTERM, SIG_IGN);
            sigset_t all;
            ::sigfillset(&all);
            ::sigprocmask(SIG_SETMASK, &all, nullptr);
            TiledPool pool(2);
            auto a = SharedArray<int, 1>::create({50});
            pool.map(
                {1}, [](auto v) { v = 1; }, into(a));
            const auto error = error_of([&] {
              pool.map(
                  {1},
                  [](const Tile<1>& tile, auto) {
                    if (tile.number() == 3) ::raise(SIGTERM);
                  },
                  a);
            });
            must(has(error.what(), "signal 15"), error.what());
            pool.map(
                {1}, [](auto v) { v += 1; }, into(a));
            for (const int element : a) must(element == 2, "jobs are right");
          }) == "");
}

TEST_CASE("signals that the caller handles do not disturb its jobs") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            struct sigaction action {};
            action.sa_handler = [](int) {};
            ::sigaction(SIGUSR1, &action, nullptr);  // without SA_RESTART
            const auto self = ::getpid();
            TiledPool pool(2);
            auto a = SharedArray<int, 1>::create({500});
            std::atomic<bool> over{false};
            std::thread sender([&] {
              while (!over.load()) {
                ::kill(self, SIGUSR1);
                std::this_thread::sleep_for(50us);
              }
            });
            int wrong = 0;
            std::string failure;
            try {
              for (int round = 1; round <= 200; ++round) {
                pool.map(
                    {5}, [](auto v) { v += 1; }, into(a));
                for (const int element : a) wrong += element != round;
              }
            } catch (const tessera::Error& error) {
              failure = error.what();
            }
            over.store(true);
            sender.join();
            must(failure == "", failure);
            must(wrong == 0, "all jobs are right");
          }) == "");
}

TEST_CASE("a forked child can't use its parent's pool and does not disturb it") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({50});
  pool.map(
      {1}, [](auto v) { v = 1; }, into(a));
  REQUIRE(failure_in_child([&] {
            const auto error = error_of([&] {
              pool.map(
                  {1}, [](auto v) { v = 9; }, into(a));
            });
            must(error.errc() == Errc::pool_unusable, error.what());
            {
              const TiledPool ended = std::move(pool);  // its destructor runs in the child
            }
            TiledPool own(2);
            own.map(
                {1}, [](auto v) { v += 1; }, into(a));
          }) == "");
  pool.map(
      {1}, [](auto v) { v += 1; }, into(a));
  for (const int element : a) REQUIRE(element == 3);
}

TEST_CASE("a pool ends although a forked child of its process lives on") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            std::vector<int> pids(4);
            int ends[2];
            must(::pipe2(ends, O_CLOEXEC) == 0, "a pipe can be made");
            Child caller([&] {
              TiledPool pool(2);
              auto a = SharedArray<int, 1>::create(unique_name(), {10});
              auto told = processes_of(pool);
              if (::fork() == 0) {
                told.push_back(::getpid());
                must(::write(ends[1], told.data(), 4 * sizeof(int)) == 4 * sizeof(int), "told");
              }
              for (;;) ::pause();
            });
            must(::read(ends[0], pids.data(), 4 * sizeof(int)) == 4 * sizeof(int), "heard");
            caller.kill(SIGKILL);
            const int child = pids.back();
            pids.pop_back();
            const bool ended = all_end(pids), gone = wait_until(shm_is_empty, 5s);
            const bool lived = !has_ended(child);
            ::kill(child, SIGKILL);  // which also ends what the caller would tell
            caller.failure();
            must(ended && gone && lived, "pool and names end, the child lives");
          }) == "");
}

TEST_CASE("what a kernel prints is there when its job has ended") {
  const Scene scene;
  const Folder folder;
  const auto path = folder.file("out");
  std::fflush(stdout);
  REQUIRE(failure_in_child([&] {
            must(std::freopen(path.c_str(), "w", stdout) != nullptr, "stdout is a file");
            TiledPool pool(2);
            auto a = SharedArray<int, 1>::create({1});
            std::size_t lines = 0;
            for (int job = 0; job < 200; ++job) {
              pool.map(
                  {1}, [](auto) { std::puts("line"); }, a);
              lines = bytes_of(path).size() / 5;
              must(lines == static_cast<std::size_t>(job) + 1, "the job's line is in the file");
            }
          }) == "");
}

TEST_CASE("what the caller had buffered is printed once and what kernels print arrives") {
  const Scene scene;
  const Folder folder;
  const auto path = folder.file("out");
  std::fflush(stdout);
  REQUIRE(failure_in_child([&] {
            must(std::freopen(path.c_str(), "w", stdout) != nullptr, "stdout is a file");
            std::printf("caller\n");
            {
              TiledPool pool(2);
              auto a = SharedArray<int, 1>::create({8});
              for (int round = 0; round < 2; ++round)
                pool.map(
                    {1},
                    [](const Tile<1>& tile, auto) { std::printf("tile %zu\n", tile.number()); }, a);
              try {
                pool.map(
                    {8}, [](auto) { ::raise(SIGKILL); }, a);
              } catch (const tessera::Error&) {
              }
            }
            std::fflush(stdout);
          }) == "");
  const auto text = bytes_of(path);
  const auto count = [&](const std::string& part) {
    int n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
  };
  REQUIRE(count("caller\n") == 1);
  for (int k = 0; k < 8; ++k) REQUIRE(count("tile " + std::to_string(k) + "\n") == 2);
}

namespace {

cpu_set_t cores_of(int pid) {
  cpu_set_t out;
  CPU_ZERO(&out);
  REQUIRE(::sched_getaffinity(pid, sizeof out, &out) == 0);
  return out;
}

}  // namespace

TEST_CASE("each worker of a pool that fills the cores has a core of its own") {
  const Scene scene;
  const auto before = cores_of(0);
  const auto all = static_cast<std::size_t>(CPU_COUNT(&before));
  // Where a process gets one core, or shares of them, nobody is bound.
  const bool binds = all > 1 && tessera::host::usable_cores() == all;
  TiledPool pool(all);
  processes_of(pool);  // all have started
  cpu_set_t together;
  CPU_ZERO(&together);
  for (const int pid : pool.worker_pids()) {
    // A worker binds itself as its first deed.
    REQUIRE(wait_until([&] {
      const auto set = cores_of(pid);
      return CPU_COUNT(&set) == static_cast<int>(binds ? 1 : all);
    }));
    const auto set = cores_of(pid);
    CPU_OR(&together, &together, &set);
  }
  REQUIRE(CPU_EQUAL(&together, &before));
  const auto after = cores_of(0);
  REQUIRE(CPU_EQUAL(&before, &after));  // the caller is left alone
}

TEST_CASE("workers that leave cores free, share them or shall not be bound are not bound") {
  const Scene scene;
  const auto before = cores_of(0);
  const auto all = static_cast<std::size_t>(CPU_COUNT(&before));
  auto a = SharedArray<int, 1>::create({100});
  for (const auto& [workers, pin] :
       {std::pair{all, false}, {all + 1, true}, {std::max<std::size_t>(1, all - 1), true}}) {
    TiledPool pool(workers, {.pin = pin});
    const auto ran = pool.map(
        {1}, [](auto) { return tessera::host::own_pid(); }, a);
    for (const int pid : ran) {  // it has done all that it does before its first job
      const auto set = cores_of(pid);
      REQUIRE(CPU_EQUAL(&set, &before));
    }
  }
}

TEST_CASE("workers share the caller's session only where they make way for it") {
  const Scene scene;
  const auto usable = tessera::host::usable_cores();
  const bool binds = usable > 1 && usable == tessera::host::allowed_cores().size();
  TiledPool filling(usable), other(usable + 1);
  for (const int pid : processes_of(filling)) REQUIRE((::getsid(pid) == ::getsid(0)) == binds);
  for (const int pid : processes_of(other)) REQUIRE(::getsid(pid) != ::getsid(0));
}

TEST_CASE("workers do not hold the caller's terminal group") {
  const Scene scene;
  TiledPool pool(2);
  for (const int pid : processes_of(pool)) REQUIRE(::getpgid(pid) != ::getpgrp());
}
