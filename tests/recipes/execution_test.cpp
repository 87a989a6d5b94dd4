// Parallel algorithms of the standard library, which run on threads of oneTBB. A program of its
// own: where threads stay, no later test could fork a pool.
#include <algorithm>
#include <cmath>
#include <execution>
#include <functional>
#include <numeric>
#include <tessera.hpp>

#include "support/catch.hpp"

using namespace tessera;

TEST_CASE("parallel algorithms run on an array, and workers on the same array") {
  TiledPool pool(2);  // first: a pool does not fork beside threads
  auto a = SharedArray<double, 2>::create({90, 180});
  std::iota(a.begin(), a.end(), 0.0);
  std::for_each(std::execution::par, a.begin(), a.end(), [](double& x) { x = 2 * x + 1; });
  pool.map(
      {30, full}, [](auto v) { v = xt::fmod(v, 100.0); }, into(a));
  std::sort(std::execution::par, a.begin(), a.end());
  const double sum = std::reduce(std::execution::par, a.begin(), a.end());

  CHECK(sum == 90 * 180 * 50);
  CHECK(a(0, 0) == 1);
  CHECK(a(89, 179) == 99);
  CHECK(std::is_sorted(a.begin(), a.end()));
}
