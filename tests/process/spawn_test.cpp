// Pools whose processes are this program started again, where they could be copies too: what such a
// worker has, and what it has not.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::PoolOptions;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;

namespace {

const PoolOptions by_spawn{.start_method = StartMethod::spawn};

using Text = std::array<char, 512>;
Text text_of(const std::string& what) {
  Text out{};
  std::copy_n(what.begin(), std::min(what.size(), out.size() - 1), out.begin());
  return out;
}

std::string link_at(const std::string& path) {
  std::error_code none;
  return std::filesystem::read_symlink(path, none).string();
}

/// What kernel() gives in a worker of the pool; it must be Text.
template <class Kernel>
std::string told_by_worker(TiledPool& pool, Kernel kernel) {
  const auto a = SharedArray<int, 1>::create({1});
  const auto told = pool.map(
      {1}, [kernel](auto) { return kernel(); }, a);
  return told(0).data();
}

/// Of a worker's parent: how it was called.
std::string keeper_of(const TiledPool& pool) {
  REQUIRE(wait_until([&] { return !pool.worker_pids().empty(); }));
  const int keeper = parent_of(pool.worker_pids()[0]);
  std::ifstream file("/proc/" + std::to_string(keeper) + "/cmdline");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("the start method of a pool is its own, else the program's") {
  const Scene scene;
  {
    TiledPool forked(1, {.start_method = StartMethod::fork}), spawned(1, by_spawn);
    REQUIRE_FALSE(has(keeper_of(forked), "--tessera-keeper"));
    REQUIRE(has(keeper_of(spawned), "--tessera-keeper"));
  }
  const auto usual = PoolOptions{}.start_method;
  for (const auto method : {StartMethod::spawn, StartMethod::fork}) {
    tessera::set_start_method(method);
    TiledPool pool(1);
    CHECK(has(keeper_of(pool), "--tessera-keeper") == (method == StartMethod::spawn));
  }
  tessera::set_start_method(usual);
}

TEST_CASE("a spawned worker has the folder and the environment of the caller") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::setenv("TESSERA_TEST_WORD", "hello", 1);
            must(::chdir("/proc") == 0, "a folder can be entered");
            TiledPool pool(1, by_spawn);
            must(told_by_worker(pool, [] { return text_of(link_at("/proc/self/cwd")); }) == "/proc",
                 "it is there");
            must(told_by_worker(pool, [] { return text_of(std::getenv("TESSERA_TEST_WORD")); }) ==
                     "hello",
                 "and knows the word");
            must(told_by_worker(pool,
                                [] {
                                  const auto* const mark = std::getenv("TESSERA_STARTED_BY_POOL");
                                  return text_of(mark == nullptr ? "none" : mark);
                                }) == "none",
                 "what it starts is no keeper");
          }) == "");
}

TEST_CASE("a spawned worker has the caller's standard streams and none of its other descriptors") {
  const Scene scene;
  const auto path = "/tmp/tessera-" + unique_name();
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);  // inherited by what is forked
  REQUIRE(file > 2);
  TiledPool pool(1, by_spawn);
  const auto wanted = text_of(path);
  CHECK(told_by_worker(pool, [wanted] {
          for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
            if (link_at(entry.path().string()) == wanted.data()) return text_of("inherited");
          return text_of("none");
        }) == "none");
  for (const char* const stream : {"0", "1", "2"})
    CHECK(told_by_worker(pool, [which = text_of("/proc/self/fd/" + std::string(stream))] {
            return text_of(link_at(which.data()));
          }) == link_at("/proc/self/fd/" + std::string(stream)));
  ::close(file);
  ::unlink(path.c_str());
}

TEST_CASE("a spawned worker has signals as a new program has them") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            sigset_t all;
            ::sigfillset(&all);
            ::sigprocmask(SIG_BLOCK, &all, nullptr);
            ::signal(SIGUSR1, SIG_IGN);
            TiledPool pool(1, by_spawn);
            must(told_by_worker(pool,
                                [] {
                                  sigset_t now;
                                  ::sigprocmask(SIG_BLOCK, nullptr, &now);
                                  struct sigaction action {};
                                  ::sigaction(SIGUSR1, nullptr, &action);
                                  const bool as_new = ::sigismember(&now, SIGUSR1) == 0 &&
                                                      action.sa_handler == SIG_DFL;
                                  return text_of(as_new ? "new" : "inherited");
                                }) == "new",
                 "nothing is blocked or ignored");
          }) == "");
}

TEST_CASE("a program that forgot to call run_as_worker is told to, and is no worse for it") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::setenv("TESSERA_TEST_FORGETS", "1", 1);
            const int nowhere = ::open("/dev/null", O_WRONLY);  // Catch2 complains of the argument
            ::dup2(nowhere, 1);
            ::dup2(nowhere, 2);
            for (int time = 0; time < 3; ++time) {
              const auto error = error_of([] { TiledPool pool(2, by_spawn); });
              must(error.errc() == Errc::pool_unusable, "it is an Error");
              must(has(error.what(), "run_as_worker(argc, argv)"), "that tells what to do");
            }
            ::unsetenv("TESSERA_TEST_FORGETS");
            TiledPool pool(2, by_spawn);
            must(pool.workers() == 2, "and nothing is in the way afterwards");
          }) == "");
}

TEST_CASE("a program that was started as a keeper and does not know it makes no pools") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::setenv("TESSERA_STARTED_BY_POOL", "1", 1);
            for (const auto method : {StartMethod::fork, StartMethod::spawn}) {
              const auto error = error_of([&] { TiledPool pool(2, {.start_method = method}); });
              must(error.errc() == Errc::pool_unusable && has(error.what(), "run_as_worker"),
                   "it is told what to do");
            }
            must(TiledPool::in_caller().workers() == 1, "but for those without processes");
          }) == "");
}

TEST_CASE("the argument of keepers without a pool that gave it is an Error") {
  const auto end_with = [](std::vector<const char*> words) {
    Child program([&] {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, 2);
      ::close(tessera::host::first_given);
      std::vector<char*> all;
      for (const char* word : words) all.push_back(const_cast<char*>(word));
      all.push_back(nullptr);
      ::execv("/proc/self/exe", all.data());
    });
    return program.failure();
  };
  for (const std::vector<const char*>& words : {std::vector<const char*>{},
                                                {"1,2,3,4,0,0"},
                                                {"1,2,3,4,0,0", "3,4"},
                                                {"1,2,3,99999999,0,0", "0,1"},
                                                {"1", "3,4"},
                                                {"", ""},
                                                {"1,,2", "3,4"},
                                                {"x", "99999999999999999999,4"}}) {
    std::vector<const char*> all{"program", "--tessera-keeper"};
    all.insert(all.end(), words.begin(), words.end());
    CHECK(end_with(all) == "exit status 70");
  }
}

TEST_CASE("a pool is not forked among other threads unless that is asked for") {
  const Scene scene;
  std::atomic<bool> over{false};
  std::thread other([&] { wait_until([&] { return over.load(); }); });
  const auto error = error_of([] { TiledPool pool(1, {.start_method = StartMethod::fork}); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "other threads (1)"));
  CHECK(has(error.what(), "StartMethod::spawn"));
  TiledPool asked(1, {.start_method = StartMethod::fork_with_threads}), spawned(1, by_spawn);
  CHECK(asked.workers() == spawned.workers());
  over.store(true);
  other.join();
  TiledPool pool(1, {.start_method = StartMethod::fork});  // at once
  CHECK(pool.workers() == 1);
}
