// Arrays that kernels create: what becomes of them when the worker that owns them ends.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/jobs.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::Tile;
using tessera::TiledPool;

namespace {

/// A name as kernels can hold it.
struct Name {
  std::array<char, 64> text{};
  explicit Name(const std::string& name) { std::copy(name.begin(), name.end(), text.begin()); }
  std::string str() const { return text.data(); }
};

/// For a kernel: an array of that name that stays as long as its worker lives.
void leave_array(const Name& name, bool keep = false) {
  static std::optional<SharedArray<int, 1>> left;
  if (left) return;
  left.emplace(SharedArray<int, 1>::create(name.str(), {1000}));
  if (keep) left->keep();
}

/// Has one worker of the pool leave an array.
void have_array_left(TiledPool& pool, const std::string& name, bool keep = false) {
  auto a = SharedArray<int, 1>::create({1});
  pool.map(
      {1}, [name = Name(name), keep](auto) { leave_array(name, keep); }, into(a));
  must(exists(shm_path(name)), "the array is there while its worker lives");
}

}  // namespace

TEST_CASE("an array that a kernel has left is gone when its worker's death is told") {
  const Scene scene;
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  TiledPool pool(2, {.start_method = method});
  const auto mine = SharedArray<int, 1>::create({1});
  auto a = SharedArray<int, 1>::create({4});
  for (const int way : {0, 1, 2, 3}) {
    const auto name = unique_name("left");
    const auto error = job_error_of([&] {
      pool.map(
          {1},
          [name = Name(name), way](const Tile<1>& tile, auto) {
            if (tile.number() != 2) return;
            leave_array(name);
            if (way == 0) std::abort();
            if (way == 1) std::exit(0);
            if (way == 2) ::_exit(0);
            die();
          },
          into(a));
    });
    CHECK(error.unfinished == std::vector<std::size_t>{2});
    CHECK_FALSE(exists(shm_path(name)));
  }
  CHECK(exists(mine.path()));
  check_a_job(pool);
}

TEST_CASE("an array that a kernel has left is gone after the end of its pool") {
  const Scene scene;
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  const auto name = unique_name("left"), other = unique_name("other");
  const auto others = SharedArray<int, 1>::create(other, {10});
  {
    TiledPool pool(2, {.start_method = method});
    have_array_left(pool, name);
    check_a_job(pool);
    CHECK(exists(shm_path(name)));
  }
  CHECK_FALSE(exists(shm_path(name)));
  CHECK(exists(shm_path(other)));
}

TEST_CASE("an array that a kernel has left is gone when an idle worker dies") {
  const Scene scene;
  const auto name = unique_name("left");
  TiledPool pool(1);
  have_array_left(pool, name);
  kill_process(pool.worker_pids().at(0));
  CHECK(wait_until([&] { return !exists(shm_path(name)); }));
  CHECK(wait_until([&] { return pool.worker_pids().size() == 1; }));
}

TEST_CASE("an array that a kernel has left is gone when its caller is killed") {
  const Scene scene;
  const auto name = unique_name("left");
  Child caller([&] {
    TiledPool pool(1);
    have_array_left(pool, name);
    for (;;) ::pause();
  });
  REQUIRE(wait_until([&] { return exists(shm_path(name)); }));
  caller.kill(SIGKILL);
  CHECK(wait_until([&] { return !exists(shm_path(name)); }));
}

TEST_CASE("an array that a kernel keeps stays when its worker ends") {
  const Scene scene;
  const auto name = unique_name("kept");
  const Removed removed(shm_path(name));
  {
    TiledPool pool(1);
    have_array_left(pool, name, true);
  }
  CHECK(exists(shm_path(name)));
}

TEST_CASE("an array that a pool inside a kernel's process has is gone with that process") {
  const Scene scene;
  const auto name = unique_name("inner");
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [name = Name(name)](auto) {
          TiledPool inner(1);
          have_array_left(inner, name.str());
          die();
        },
        into(a));
  });
  CHECK(error.unfinished.size() == 1);
  CHECK(wait_until([&] { return !exists(shm_path(name)); }));
}
