// Indices of tiles are checked where TESSERA_CHECK_BOUNDS asks for it, as in debug builds.
#define TESSERA_CHECK_BOUNDS
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <tessera/loops/tile_view.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::TileView;

TEST_CASE("an index outside the tile is an Error with index and shape, where bounds are checked") {
  std::vector<int> cells(24);
  TileView<int, 2> tile(cells.data(), {2, 3}, {6, 1});
  const TileView<const int, 2> input(cells.data(), {2, 3}, {6, 1});
  const std::array<std::size_t, 2> beyond{0, 3};
  const auto refused = [](auto&& call, const std::string& index) {
    const auto error = error_of(call);
    CHECK(error.errc() == Errc::invalid_argument);
    CHECK(has(error.what(), "index (" + index + ") is outside its shape (2, 3)"));
  };
  refused([&] { tile(2, 2) = 1; }, "2, 2");
  refused([&] { static_cast<void>(input(0, 3)); }, "0, 3");
  refused([&] { static_cast<void>(tile(-1, 0)); }, "-1, 0");
  refused([&] { tile[beyond] = 1; }, "0, 3");
  refused([&] { tile.element(beyond.begin(), beyond.end()) = 1; }, "0, 3");
  refused([&] { tile.flat(6) = 1; }, "6");
  refused([&] { static_cast<void>(tile.row(2)); }, "2, 0");
  CHECK(cells == std::vector<int>(24));
  tile(1, 2) = 1;
  tile.row(1)[0] = 2;
  CHECK(tile.flat(5) == 1);
}

TEST_CASE("an axis of extent 1 is repeated for every index, checked or not") {
  std::vector<int> cells(3, 7);
  const TileView<int, 2> row(cells.data(), {1, 3}, {3, 1});
  CHECK(row(5, 2) == 7);
  CHECK(row(2) == 7);  // leading indices left out
}
