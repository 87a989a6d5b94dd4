// Which expressions read tiles.
#include <array>

#include <tessera/loops/tile_expression.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;
using namespace tessera::detail;

TEST_CASE("an expression reads a tile wherever the tile stands in it") {
  Boxes<float, 2> box({3, 4}, Lie::scattered, &mixed);
  const auto x = box.input();
  const xt::xarray<float> a = xt::ones<float>({4});
  STATIC_REQUIRE(TileExpression<decltype(x)>);
  STATIC_REQUIRE(TileExpression<decltype(a + x * 2.f)>);
  STATIC_REQUIRE(TileExpression<decltype(xt::view(x, 0))>);
  STATIC_REQUIRE(TileExpression<decltype(xt::view(a + x, 0, xt::all()))>);
  STATIC_REQUIRE(TileExpression<decltype(xt::transpose(x))>);
  STATIC_REQUIRE(TileExpression<decltype(xt::broadcast(x, {2, 3, 4}))>);
  STATIC_REQUIRE(TileExpression<decltype(xt::sum(x, {0}) * 2.f)>);
  STATIC_REQUIRE(!TileExpression<decltype(a * 2.f)>);
}

TEST_CASE("a loop has the rank of an expression, or room for one that is known late") {
  Boxes<float, 2> box({3, 4}, Lie::scattered, &mixed);
  const auto x = box.input();
  const xt::xarray<float> a = xt::ones<float>({4});
  Boxes<float, 5> deep({1, 2, 1, 2, 3}, Lie::scattered, &mixed);
  STATIC_REQUIRE(LoopRank<std::decay_t<decltype(x + 1.f)>>::value == 2);
  STATIC_REQUIRE(LoopRank<std::decay_t<decltype(x + a)>>::value == 4);
  STATIC_REQUIRE(LoopRank<std::decay_t<decltype(deep.input() + a)>>::value == 5);
  CHECK((loop_extents<4>(x + a) == std::array<std::size_t, 4>{1, 1, 3, 4}));
}
