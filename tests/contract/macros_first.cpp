// The macros of other people's headers stand before ours: nothing of ours has such a name,
// and all are still there afterwards.
#include "contract/foreign_macros.hpp"

#include <tessera.hpp>

#include "contract/foreign_macros_left.hpp"

bool computes_among_macros() {
  using namespace tessera;
  auto out = SharedArray<double, 2>::create({4, 6});
  const auto in = SharedArray<double, 2>::create({4, 6});
  auto pool = TiledPool::in_caller();
  const auto ones = pool.map(
      {2, 3},
      [](const Tile<2>& tile, auto v, auto x) {
        v = x + 1;
        return static_cast<double>(tile.number());
      },
      into(out), in);
  pool.transform(
      out, [](double x) { return 2 * x; }, out);
  return ones(1, 1) == 3 && out(3, 5) == 2;
}
