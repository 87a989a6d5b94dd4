#include <tessera/pool/report.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <dlfcn.h>
#include <link.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::JobError;
using tessera::SharedArray;
using tessera::Tile;

TEST_CASE("a kernel's exception comes back with its text and its tile") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto) {
          if (tile.number() == 17) throw std::runtime_error("no rain in tile seventeen");
        },
        into(a));
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(has(error.what(), "no rain in tile seventeen"));
  REQUIRE(has(error.what(), "in tile 17"));
  REQUIRE(std::count(error.unfinished.begin(), error.unfinished.end(), 17) == 1);
  REQUIRE(error.unknown.empty());
}

TEST_CASE("a pool works after a kernel has thrown") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({50});
  for (int round = 0; round < 20; ++round) {
    REQUIRE_THROWS_AS(pool.map(
                          {3}, [](auto) { throw std::runtime_error("no"); }, a),
                      JobError);
    pool.map({3}, add_one, into(a));
    for (const int element : a) REQUIRE(element == round + 1);
  }
}

TEST_CASE("what a kernel throws need not be a std::exception") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({5});
  const auto error = job_error_of([&] {
    pool.map(
        {5}, [](auto) { throw 5; }, a);
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(has(error.what(), "in tile 0"));
}

TEST_CASE("an exception with a very long text comes back cut") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({5});
  const auto error = job_error_of([&] {
    pool.map(
        {5}, [](auto) { throw std::runtime_error("begins " + std::string(100000, 'x')); }, a);
  });
  REQUIRE(has(error.what(), "begins xxx"));
  REQUIRE(std::string(error.what()).size() > 1000);
  pool.map({5}, add_one, into(a));
}

TEST_CASE("a failure of the library inside a kernel tells what was wrong") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({5});
  const xt::xtensor<int, 1> four = xt::zeros<int>({4});
  static_cast<void>(four);
  const auto error = job_error_of([&] {
    pool.map(
        {5}, [](auto v) { v = xt::zeros<int>({4}); }, into(a));
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
}

TEST_CASE("the report counts the tiles of each worker") {
  auto pool = some_pool();
  auto a = SharedArray<int, 2>::create({30, 30});
  pool.map({4, 4}, add_one, into(a));
  const auto report = pool.report();
  REQUIRE(report.tiles == 64);
  REQUIRE(report.tiles_per_worker.size() == pool.workers());
  REQUIRE(std::accumulate(report.tiles_per_worker.begin(), report.tiles_per_worker.end(),
                          std::size_t{0}) == 64);
  REQUIRE(report.rerun_tiles == 0);
  REQUIRE(report.workers_lost == 0);
  REQUIRE(report.seconds > 0);
}

TEST_CASE("the report of a failed job counts what was done") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({30});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto) {
          if (tile.number() == 9) throw 1;
        },
        a);
  });
  const auto report = pool.report();
  REQUIRE(report.tiles == 30);
  REQUIRE(std::accumulate(report.tiles_per_worker.begin(), report.tiles_per_worker.end(),
                          std::size_t{0}) == 30 - error.unfinished.size());
}

TEST_CASE("a timeline tells of every tile when and where it was computed") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  pool.map({1}, {.timeline = true}, add_one, into(a));
  const auto report = pool.report();
  REQUIRE(report.timeline.size() == 40);
  std::set<std::size_t> tiles;
  std::vector<std::size_t> each(pool.workers());
  double last = 0;
  for (const auto& time : report.timeline) {
    tiles.insert(time.tile);
    REQUIRE(time.worker < pool.workers());
    ++each[time.worker];
    CHECK((time.begin >= last && time.end >= time.begin && time.end <= report.seconds));
    last = time.begin;
  }
  CHECK((tiles.size() == 40 && *tiles.rbegin() == 39));
  CHECK(each == report.tiles_per_worker);
}

TEST_CASE("a job that was not asked for a timeline has none") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  pool.map({1}, {.timeline = true}, add_one, into(a));
  pool.map({1}, add_one, into(a));
  CHECK(pool.report().timeline.empty());
}

TEST_CASE("a timeline has the tiles that ended: those that were wanted, and those that threw") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  pool.map({1}, {.only = std::vector<std::size_t>{3, 7}, .timeline = true}, add_one, into(a));
  CHECK(pool.report().timeline.size() == 2);
  job_error_of([&] {
    pool.map(
        {1}, {.on_throw = tessera::OnThrow::collect, .timeline = true},
        [](const Tile<1>& tile, auto) {
          if (tile.number() == 5) throw std::runtime_error("five");
        },
        into(a));
  });
  CHECK(pool.report().timeline.size() == 40);
}

TEST_CASE("results and times of a job do not touch each other") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({101});
  const auto results = pool.map(
      {1}, {.timeline = true},
      [](const Tile<1>& tile, auto) { return static_cast<std::uint8_t>(tile.number()); }, into(a));
  for (std::size_t k = 0; k < 101; ++k) CHECK(results(k) == k);
  CHECK(pool.report().timeline.size() == 101);
}

TEST_CASE("the timeline of a transform has the tiles of the call, and of an asynchronous job too") {
  auto pool = some_pool();
  auto a = SharedArray<double, 3>::create({8, 64, 64});
  auto b = SharedArray<double, 3>::create({8, 64, 64});
  auto job = pool.transform_async(
      {32, 64}, b, {.timeline = true}, [](double x) { return x; }, a);
  job.get();
  const auto report = job.report();
  REQUIRE(report.timeline.size() >= 2);
  for (const auto& time : report.timeline) CHECK(time.tile < 2);
}
