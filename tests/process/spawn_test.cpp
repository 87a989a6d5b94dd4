// Pools whose processes are this program started again, where they could be copies too: what such a
// worker has, and what it has not.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
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
