// OpenMP: threads of this process and workers of a pool on one array. A program of its own: where
// threads stay, no later test could fork a pool.
#include <omp.h>

#include <chrono>
#include <cstddef>
#include <tessera.hpp>

#include "support/catch.hpp"

using namespace tessera;

TEST_CASE("threads of OpenMP and workers of a pool compute one array in turn") {
  TiledPool pool(2);  // first: a pool does not fork beside threads
  auto a = SharedArray<double, 2>::create({90, 180});
#pragma omp parallel for num_threads(2)
  for (std::size_t y = 0; y < a.shape(0); ++y)
    for (std::size_t x = 0; x < a.shape(1); ++x) a(y, x) = static_cast<double>(y * 1000 + x);
  pool.map(
      {30, full}, [](auto v) { v += 0.5; }, into(a));

  CHECK(a(0, 0) == 0.5);
  CHECK(a(89, 179) == 89179.5);

  // OpenMP keeps its threads, and no pool is forked beside them.
  CHECK_THROWS_WITH(TiledPool(1),
                    Catch::Contains("libgomp") && Catch::Contains("OMP_NUM_THREADS=1"));
  TiledPool spawned(1, {.start_method = StartMethod::spawn});
  omp_pause_resource_all(omp_pause_hard);  // ends OpenMP's threads
  TiledPool forked(1);

  for (auto* late : {&spawned, &forked}) {
    late->map(
        {30, full}, [](auto v) { v += 1; }, into(a));
  }
  CHECK(a(89, 179) == 89181.5);
}

TEST_CASE("OpenMP uses one thread in each worker, unless the pool is told otherwise") {
  auto a = SharedArray<int, 1>::create({4});
  const auto threads = [](auto v) {
    v = 0;
    return omp_get_max_threads();
  };
  for (const auto method : {StartMethod::fork, StartMethod::spawn}) {
    TiledPool pool(2, {.start_method = method});
    for (const int n : pool.map({1}, threads, into(a))) CHECK(n == 1);
    TiledPool more(2, {.start_method = method, .library_threads = 3});
    for (const int n : more.map({1}, threads, into(a))) CHECK(n == 3);
    TiledPool as_it_is(2, {.start_method = method, .library_threads = 0});
    for (const int n : as_it_is.map({1}, threads, into(a))) CHECK(n == omp_get_max_threads());
  }
}

TEST_CASE("kernels may use OpenMP in workers that were forked beside its threads") {
  auto a = SharedArray<double, 2>::create({8, 1000});
#pragma omp parallel for num_threads(2)
  for (std::size_t y = 0; y < a.shape(0); ++y) a(y, 0) = 1;
  TiledPool pool(2, {.start_method = StartMethod::fork_with_threads});
  auto job = pool.map_async(
      {1, full},
      [](auto v) {
#pragma omp parallel for
        for (std::size_t x = 0; x < v.shape(1); ++x) v(0, x) = static_cast<double>(x);
      },
      into(a));
  REQUIRE(job.wait_for(std::chrono::seconds(20)));
  job.get();
  CHECK(a(7, 999) == 999);
}
