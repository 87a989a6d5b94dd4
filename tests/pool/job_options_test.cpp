#include <tessera/pool/job_options.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::JobError;
using tessera::JobOptions;
using tessera::OnThrow;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using Tiles = std::vector<std::size_t>;

namespace {

/// Throws in every tile whose number ends in 7.
const auto sevens = [](const Tile<1>& tile, auto v) {
  if (tile.number() % 10 == 7)
    throw std::runtime_error("seven in " + std::to_string(tile.number()));
  v = static_cast<int>(tile.number());
  return 1;
};

struct Marked {
  int value = -5;
};
const auto mark = [](const Tile<1>& tile, auto v) {
  v = 1;
  return Marked{static_cast<int>(tile.number())};
};

}  // namespace

TEST_CASE("options may be written in place, be a variable or be none") {
  auto pool = some_pool();
  auto a = SharedArray<int, 2>::create({8, 8});
  const std::array<std::size_t, 2> tile{4, 4};
  JobOptions variable{.on_throw = OnThrow::collect};
  const JobOptions constant = variable;
  pool.map({4, 4}, {.on_throw = OnThrow::collect}, add_one, into(a));
  pool.map({4, 4}, variable, add_one, into(a));
  pool.map({4, 4}, constant, add_one, into(a));
  pool.map({4, 4}, JobOptions{}, add_one, into(a));
  pool.map({4, 4}, {}, add_one, into(a));
  pool.map({4, 4}, add_one, into(a));
  pool.map(tile, {.on_throw = OnThrow::stop}, add_one, into(a));
  pool.map(tile, variable, add_one, into(a));
  pool.map(tile, add_one, into(a));
  pool.map_async({4, 4}, {.on_throw = OnThrow::collect}, add_one, into(a)).get();
  pool.map_async({4, 4}, variable, add_one, into(a)).get();
  pool.map_async(tile, constant, add_one, into(a)).get();
  pool.map_async(tile, add_one, into(a)).get();
  const auto plus_one = [](int x) { return x + 1; };
  pool.transform(a, {.on_throw = OnThrow::collect}, plus_one, a);
  pool.transform(a, variable, plus_one, a);
  pool.transform_async(a, {.on_throw = OnThrow::collect}, plus_one, a).get();
  pool.transform_async(into(a), constant, plus_one, a).get();
  for (const int element : a) REQUIRE(element == 17);
}

TEST_CASE("a job that collects computes every other tile and lists all that threw") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({100});
  const auto error =
      job_error_of([&] { pool.map({1}, {.on_throw = OnThrow::collect}, sevens, into(a)); });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(error.unfinished == Tiles{7, 17, 27, 37, 47, 57, 67, 77, 87, 97});
  REQUIRE(error.unknown.empty());
  REQUIRE(error.failures.size() == 10);
  Tiles told;
  for (const auto& failure : error.failures) {
    told.push_back(failure.tile);
    REQUIRE(failure.text == "seven in " + std::to_string(failure.tile));
  }
  REQUIRE(has(error.what(), "in tile " + std::to_string(told[0]) + " ["));
  REQUIRE(has(error.what(), "]: " + error.failures[0].text));
  REQUIRE(has(error.what(), "and in 9 more"));
  REQUIRE(has(error.what(), "90 of 100 tiles"));
  std::sort(told.begin(), told.end());
  REQUIRE(told == error.unfinished);
  for (std::size_t k = 0; k < 100; ++k) REQUIRE(a(k) == (k % 10 == 7 ? 0 : static_cast<int>(k)));
  REQUIRE(pool.report().tiles == 100);
}

TEST_CASE("a job that collects keeps the texts of the first sixteen tiles that threw") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({1000});
  const auto error =
      job_error_of([&] { pool.map({1}, {.on_throw = OnThrow::collect}, sevens, into(a)); });
  REQUIRE(error.unfinished.size() == 100);
  REQUIRE(error.failures.size() == 16);
  REQUIRE(has(error.what(), "and in 99 more"));
  pool.map({1}, add_one, into(a));
  const auto next = job_error_of([&] {
    pool.map(
        {1000}, [](auto) { throw std::runtime_error("another"); }, a);
  });
  REQUIRE(next.failures.size() == 1);
  REQUIRE(next.failures[0].text == "another");
}

TEST_CASE("a job that stops tells its tile and text as well") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({30});
  const auto error = job_error_of([&] {
    pool.map(
        {30}, [](auto) { throw std::runtime_error("once"); }, a);
  });
  REQUIRE(error.failures.size() == 1);
  REQUIRE(error.failures[0].tile == 0);
  REQUIRE(error.failures[0].text == "once");
}

TEST_CASE("a job that collects and in which nothing throws gives its results") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({7});
  REQUIRE(pool.map({1}, {.on_throw = OnThrow::collect}, sevens, into(a)).size() == 7);
}

TEST_CASE("a transform that collects lists the boxes that threw, and they can be done again") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({100000});
  auto b = SharedArray<int, 1>::create({100000});
  b(70000) = 1;
  const auto error = job_error_of([&] {
    pool.transform(
        a, {.on_throw = OnThrow::collect},
        [](int x) {
          if (x == 1) throw std::domain_error("a one");
          return x + 2;
        },
        b);
  });
  REQUIRE(error.unfinished.size() == 1);
  REQUIRE(a(0) == 2);
  REQUIRE(a(99999) == 2);
  pool.transform(
      a, {.only = error.unfinished}, [](int x) { return x + 2; }, b);
  REQUIRE(a(70000) == 3);
  REQUIRE(a(69999) == 2);
}

TEST_CASE("the tiles of a list are run, once each, and no other") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  const auto results = pool.map({2}, {.only = Tiles{19, 3, 3, 0, 7, 19}}, mark, into(a));
  REQUIRE(results.size() == 20);
  for (std::size_t k = 0; k < 20; ++k) {
    const bool run = k == 0 || k == 3 || k == 7 || k == 19;
    REQUIRE(a(2 * k) == (run ? 1 : 0));
    REQUIRE(a(2 * k + 1) == (run ? 1 : 0));
    REQUIRE(results(k).value == (run ? static_cast<int>(k) : -5));
  }
  const auto report = pool.report();
  REQUIRE(report.tiles == 4);
  REQUIRE(std::accumulate(report.tiles_per_worker.begin(), report.tiles_per_worker.end(),
                          std::size_t{0}) == 4);
}

TEST_CASE("an empty list runs nothing and gives value-initialised results") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  const auto results = pool.map({2}, {.only = Tiles{}}, mark, into(a));
  REQUIRE(results.size() == 20);
  for (const auto& result : results) REQUIRE(result.value == -5);
  for (const int element : a) REQUIRE(element == 0);
  auto job = pool.map_async({2}, {.only = Tiles{}}, mark, into(a));
  REQUIRE(job.get().size() == 20);
  REQUIRE(job.progress().total == 0);
}

TEST_CASE("a number that no tile has is an Error that names it and the count") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  const auto error = error_of([&] { pool.map({2}, {.only = Tiles{3, 20, 1}}, add_one, into(a)); });
  REQUIRE(error.errc() == Errc::invalid_argument);
  REQUIRE(has(error.what(), "tile 20"));
  REQUIRE(has(error.what(), "20 tiles"));
  auto none = SharedArray<int, 1>::create({0});
  REQUIRE(error_of([&] { pool.map({2}, {.only = Tiles{0}}, add_one, into(none)); }).errc() ==
          Errc::invalid_argument);
  for (const int element : a) REQUIRE(element == 0);
}

TEST_CASE("the tiles that a job did not finish can be done again") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({200});
  Tiles left = job_error_of([&] { pool.map({1}, sevens, into(a)); }).unfinished;
  left = job_error_of([&] {
           pool.map({1}, {.on_throw = OnThrow::collect, .only = left}, sevens, into(a));
         }).unfinished;
  REQUIRE(left.size() == 20);
  pool.map(
      {1}, {.only = left}, [](const Tile<1>& tile, auto v) { v = static_cast<int>(tile.number()); },
      into(a));
  for (std::size_t k = 0; k < 200; ++k) REQUIRE(a(k) == static_cast<int>(k));
}

TEST_CASE("an error of a list speaks of the list's tiles alone") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({200});
  const auto error = job_error_of([&] {
    pool.map({1}, {.on_throw = OnThrow::collect, .only = Tiles{6, 7, 8}}, sevens, into(a));
  });
  REQUIRE(error.unfinished == Tiles{7});
  REQUIRE(has(error.what(), "2 of 3 tiles"));
  auto job =
      pool.map_async({1}, {.on_throw = OnThrow::collect, .only = Tiles{6, 7, 8}}, sevens, into(a));
  job.wait();
  REQUIRE(job.progress().done == 2);
  REQUIRE(job.progress().total == 3);
}

// Whoever uses the former names is warned by the compiler.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
TEST_CASE("the former names of two options still work") {
  using tessera::detail::checked_options;
  const auto options = checked_options({.tile_deadline = std::chrono::milliseconds(7), .tries = 2});
  CHECK(options.tile_timeout == std::chrono::milliseconds(7));
  CHECK(options.max_attempts == 2);
  CHECK(error_of([] { checked_options({.tries = 0}); }).errc() == Errc::invalid_argument);
  CHECK(checked_options({}).max_attempts == 3);
}
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
