// Tiles that a dead worker had begun, computed again or told of.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/jobs.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::JobOptions;
using tessera::OnThrow;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using namespace std::chrono_literals;
using Tiles = std::vector<std::size_t>;

namespace {

/// How often each tile was begun, counted in shared memory.
class Visits {
 public:
  explicit Visits(std::size_t tiles) : counts_(SharedArray<int, 1>::create({tiles})) {}
  int of(std::size_t tile) const { return shared(counts_(tile)).load(); }
  SharedArray<int, 1>& array() { return counts_; }

 private:
  SharedArray<int, 1> counts_;
};

/// A map over 40 elements whose kernel dies in tile 23 the first `deaths` times.
Tiles map_that_dies(TiledPool& pool, SharedArray<int, 1>& a, int deaths,
                    const JobOptions& options) {
  Visits visits(40);
  const auto results = pool.map(
      {1}, options,
      [deaths](const Tile<1>& tile, auto v, auto visited) {
        v += 1;  // what stood there before does not matter to what follows
        if (tile.number() == 23 && shared(visited(0)).fetch_add(1) < deaths) die();
        v = static_cast<int>(tile.number());
        return tile.number();
      },
      into(a), into(visits.array()));
  return {results.begin(), results.end()};
}

/// A worker that has the value -7 before it dies, if it is the one that is asked to.
struct DiesAt7Below {
  int victim = 0;  // its process; 0: whichever
  int operator()(int v) const {
    if (v == -7 && (victim == 0 || tessera::host::own_pid() == victim)) die();
    return v + 100;
  }
};

SharedArray<int, 2> counting(std::size_t rows, std::size_t columns) {
  auto a = SharedArray<int, 2>::create({rows, columns});
  std::iota(a.begin(), a.end(), 0);
  return a;
}

}  // namespace

TEST_CASE("a tile that a dead worker had begun is computed again where that is allowed") {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({40});
  const auto results = map_that_dies(pool, a, 1, {.rerun = Rerun::allowed});
  for (std::size_t k = 0; k < 40; ++k) REQUIRE((a(k) == static_cast<int>(k) && results[k] == k));
  REQUIRE(pool.report().workers_lost == 1);
  REQUIRE(pool.report().rerun_tiles >= 1);
}

TEST_CASE("a map computes no tile again that a dead worker had begun unless that is allowed") {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({40});
  const auto rerun = GENERATE(Rerun::where_safe, Rerun::never);
  const auto error = job_error_of([&] { map_that_dies(pool, a, 1, {.rerun = rerun}); });
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(error.unknown == Tiles{23});
}

TEST_CASE("a tile that ends its worker again and again is given up, and the others are done") {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({40});
  const auto tries = GENERATE(1u, 2u, 5u);
  const auto error = job_error_of(
      [&] { map_that_dies(pool, a, 1000, {.rerun = Rerun::allowed, .max_attempts = tries}); });
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(error.unfinished == Tiles{23});
  REQUIRE(error.unknown == Tiles{23});
  REQUIRE(pool.report().workers_lost == tries);
  if (tries > 1) REQUIRE(has(error.what(), std::to_string(tries) + " attempts"));
  for (std::size_t k = 0; k < 40; ++k)
    if (k != 23) REQUIRE(a(k) == static_cast<int>(k));
}

TEST_CASE("a tile may cost fewer workers than it is given and is done") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({40});
  map_that_dies(pool, a, 4, {.rerun = Rerun::allowed, .max_attempts = 5});
  REQUIRE(a(23) == 23);
  REQUIRE(pool.report().workers_lost == 4);
}

TEST_CASE("a transform whose output is other memory than its inputs survives a worker's death") {
  const Scene scene;
  TiledPool pool(3);
  auto x = SharedArray<int, 2>::create({300, 100}), out = SharedArray<int, 2>::create({300, 100});
  std::fill(x.begin(), x.end(), -7);
  const bool by_tiles = GENERATE(false, true);
  // Until the victim had a tile: it may be late, and the others have done all.
  REQUIRE(wait_until([&] {
    std::fill(out.begin(), out.end(), 0);
    const auto pids = pool.worker_pids();
    if (pids.size() < 3) return false;
    if (by_tiles)
      pool.transform({5, 5}, out, DiesAt7Below{pids[0]}, x);
    else
      pool.transform(out, DiesAt7Below{pids[0]}, x);
    return std::count(out.begin(), out.end(), 93) != 30000 || pool.report().workers_lost == 1;
  }));
  REQUIRE(std::count(out.begin(), out.end(), 93) == 30000);
}

TEST_CASE("a transform names the tile that ends its worker again and again") {
  const Scene scene;
  TiledPool pool(3);
  auto x = counting(40, 100), out = SharedArray<int, 2>::create({40, 100});
  x(17, 50) = -7;
  const auto error = job_error_of([&] { pool.transform({1, 100}, out, DiesAt7Below{}, x); });
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(error.unfinished == Tiles{17});
  REQUIRE(pool.report().workers_lost == 3);
  for (std::size_t y = 0; y < 40; ++y)
    for (std::size_t column = 0; column < 100; ++column)
      if (y != 17) REQUIRE(out(y, column) == x(y, column) + 100);
}

TEST_CASE("a transform that is to compute nothing again tells of a death at once") {
  const Scene scene;
  TiledPool pool(3);
  auto x = counting(40, 100), out = SharedArray<int, 2>::create({40, 100});
  x(17, 50) = -7;
  const auto error = job_error_of([&] {
    pool.transform({1, 100}, out, {.rerun = Rerun::never}, DiesAt7Below{}, x);
  });
  REQUIRE(std::count(error.unknown.begin(), error.unknown.end(), 17) == 1);
  REQUIRE(pool.report().workers_lost == 1);
}

#if defined(TESSERA_POSIX)  // a segment has one name
TEST_CASE("a transform in place computes nothing again, under whatever name it knows its memory") {
  const Scene scene;
  TiledPool pool(3);
  auto x = counting(40, 100);
  const Removed other(shm_path(unique_name()));
  REQUIRE(::link(x.path().c_str(), other.path.c_str()) == 0);
  const auto same = SharedArray<const int, 2>::attach(other.path.substr(shm_path("").size()));
  x(17, 50) = -7;
  const bool other_name = GENERATE(false, true);
  const auto error = job_error_of([&] {
    if (other_name)
      pool.transform({1, 100}, x, DiesAt7Below{}, same);
    else
      pool.transform({1, 100}, x, DiesAt7Below{}, x);
  });
  REQUIRE(std::count(error.unknown.begin(), error.unknown.end(), 17) == 1);
  REQUIRE(pool.report().workers_lost == 1);
  // Every element was changed once or not at all.
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i != 1750)
      REQUIRE((x.data()[i] == static_cast<int>(i) || x.data()[i] == static_cast<int>(i) + 100));
}
#endif

TEST_CASE("a job that collects tells of tiles that threw and of those that ended their workers") {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({40});
  const auto error = job_error_of([&] {
    pool.map(
        {1}, {.rerun = Rerun::allowed, .on_throw = OnThrow::collect, .max_attempts = 2},
        [](const Tile<1>& tile, auto v) {
          if (tile.number() == 5) throw std::runtime_error("five");
          if (tile.number() == 30) die();
          v = 1;
        },
        into(a));
  });
  REQUIRE(error.unfinished == Tiles{5, 30});
  REQUIRE(error.unknown == Tiles{30});
  REQUIRE(error.failures.size() == 1);
}

TEST_CASE("a job of which each of few tiles ends its worker comes to an end") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({6});
  const auto error = job_error_of([&] {
    pool.map(
        {1}, {.rerun = Rerun::allowed}, [](auto) { die(); }, into(a));
  });
  REQUIRE(error.unknown.size() == 6);
  REQUIRE(pool.report().workers_lost == 18);
}

TEST_CASE("a cancel ends a job whose tile is computed again and again") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({10});
  Visits visits(10);
  auto job = pool.map_async(
      {1}, {.rerun = Rerun::allowed, .max_attempts = 1000000},
      [](const Tile<1>& tile, auto, auto visited) {
        if (tile.number() == 3) shared(visited(0)).fetch_add(1), die();
      },
      into(a), into(visits.array()));
  REQUIRE(wait_until([&] { return visits.of(3) > 3; }));
  job.cancel();
  const auto error = job_error_of([&] { job.get(); });
  REQUIRE(error.errc() == Errc::cancelled);
  REQUIRE(std::count(error.unfinished.begin(), error.unfinished.end(), 3) == 1);
}

TEST_CASE("a tile that takes longer than its deadline is computed again by another worker") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({20});
  Visits visits(20);
  pool.map(
      {1}, {.rerun = Rerun::allowed, .tile_timeout = 300ms},
      [](const Tile<1>& tile, auto v, auto visited) {
        if (tile.number() == 7 && shared(visited(0)).fetch_add(1) == 0)
          std::this_thread::sleep_for(1h);
        v = static_cast<int>(tile.number());
      },
      into(a), into(visits.array()));
  for (std::size_t k = 0; k < 20; ++k) REQUIRE(a(k) == static_cast<int>(k));
  REQUIRE(pool.report().workers_lost == 1);
}

TEST_CASE("a tile that always takes too long is told of with its deadline") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({20});
  const auto error = job_error_of([&] {
    pool.map(
        {1}, {.tile_timeout = 200ms},
        [](const Tile<1>& tile, auto v) {
          while (tile.number() == 7) std::this_thread::yield();
          v = 1;
        },
        into(a));
  });
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(error.unfinished == Tiles{7});
  REQUIRE(has(error.what(), "longer than 0.2 s"));
  REQUIRE(pool.report().workers_lost == 1);
  // No deadline outlives its job.
  pool.map(
      {20}, [](auto) { std::this_thread::sleep_for(400ms); }, into(a));
  REQUIRE(pool.report().workers_lost == 0);
}

TEST_CASE("tiles in time are left alone however many there are") {
  const Scene scene;
  TiledPool pool(3);
  auto a = SharedArray<int, 1>::create({20000});
  pool.map(
      {1}, {.tile_timeout = 30s}, [](auto v) { v = 1; }, into(a));
  REQUIRE(std::count(a.begin(), a.end(), 1) == 20000);
  REQUIRE(pool.report().workers_lost == 0);
  pool.transform(a, {.tile_timeout = 30s}, std::negate<>{}, a);
  REQUIRE(std::count(a.begin(), a.end(), -1) == 20000);
}

TEST_CASE("options that mean nothing are refused before anything runs") {
  auto pool = TiledPool::in_caller();
  auto a = SharedArray<int, 1>::create({4});
  const auto options = GENERATE(JobOptions{.max_attempts = 0}, JobOptions{.tile_timeout = -1s});
  const auto error = error_of([&] {
    pool.map(
        {1}, options, [](auto v) { v = 1; }, into(a));
  });
  REQUIRE(error.errc() == Errc::invalid_argument);
  REQUIRE(a(0) == 0);
}
