// OpenMP: threads of this process and workers of a pool on one array. A program of its own: where
// threads stay, no later test could fork a pool.
#include <omp.h>

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
