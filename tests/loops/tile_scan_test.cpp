// Scans along an axis of expressions that read tiles.
#include <array>
#include <cstddef>
#include <cstdint>

#include <tessera/loops/tile_scan.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

TEST_CASE("scans of tiles and of expressions are those of arrays") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({9, 3, 40}, lie, &with_gaps);
    for (std::ptrdiff_t axis = 0; axis < 3; ++axis) {
      gives_the_same("cumsum", box, [=](const auto& x) { return xt::cumsum(x, axis); });
      gives_the_same("cumprod", box, [=](const auto& x) { return xt::cumprod(x * 0.1, axis); });
      gives_the_same("of a view", box, [=](const auto& x) {
        return xt::cumsum(xt::view(x, xt::all(), xt::all(), xt::range(1, 40, 2)), axis);
      });
    }
    gives_the_same("last axis", box, [](const auto& x) { return xt::cumsum(x, -1); });
  }
}

TEST_CASE("a scan has the type in which xtensor accumulates, or the one that is asked for") {
  Boxes<std::uint8_t, 2> bytes({100, 3}, Lie::scattered, [](std::size_t) { return 200.0; });
  const auto x = bytes.input();
  CHECK(xt::cumsum(x, 0)(99, 2) == 20000);
  STATIC_REQUIRE(
      std::is_same_v<decltype(xt::cumsum<std::int64_t>(x, 0))::value_type, std::int64_t>);
  gives_the_same("bytes", bytes, [](const auto& y) { return xt::cumsum(y, 0); });
}

TEST_CASE("a scan of more elements than fit into one block goes on in the next") {
  const std::size_t wide = tessera::detail::block_bytes / sizeof(double) + 100;
  Boxes<double, 2> box({3, wide}, Lie::scattered, &mixed);
  gives_the_same("cumsum", box, [](const auto& x) { return xt::cumsum(x, 0); });
}

TEST_CASE("floats are added up in double") {
  Boxes<float, 2> box({101, 2}, Lie::scattered,
                      [](std::size_t k) { return k < 2 ? 16777216.0 : 1.0; });
  CHECK(xt::cumsum(box.input(), 0)(100, 1) == 16777316.f);
}
