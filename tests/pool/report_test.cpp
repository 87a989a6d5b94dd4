#include <tessera/pool/report.hpp>

#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>

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
