// A kernel that steps out of its tile, where bounds are checked.
#define TESSERA_CHECK_BOUNDS
#include <cstddef>
#include <string>
#include <vector>

#include <tessera/pool/tiled_pool.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;

TEST_CASE("a kernel that steps out of its tile ends in a JobError with tile, index and shape") {
  auto pool = some_pool(2);
  auto a = SharedArray<int, 2>::create({4, 4});
  const auto error = job_error_of([&] {
    pool.map(
        {2, 2},
        [](const Tile<2>& tile, auto v) {
          v = 1;
          if (tile.number() == 3) v(2, 2) = 7;  // behind the last element of all
        },
        into(a));
  });
  REQUIRE(error.failures.size() == 1);
  CHECK(error.failures[0].tile == 3);
  CHECK(has(error.failures[0].text, "index (2, 2) is outside its shape (2, 2)"));
  CHECK(has(error.what(), "tile 3"));
  pool.map(
      {2, 2}, [](auto v) { v = 2; }, into(a));  // the array is whole, and the pool works
  CHECK(a(3, 3) == 2);
}
