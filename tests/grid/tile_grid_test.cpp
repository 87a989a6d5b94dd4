// Tests of grid/tile_grid.hpp: properties over thousands of random shapes and tile shapes.
//
// A property is a function that returns what went wrong, or nothing: REQUIRE on every element would
// take longer than the properties themselves.

#include <tessera/grid/tile_grid.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using tessera::Box;
using tessera::full;
using tessera::TileGrid;

namespace {

constexpr int rounds = 3000;

template <std::size_t N>
using Index = std::array<std::size_t, N>;

template <std::size_t N>
std::string show(const Index<N>& index) {
  std::ostringstream out;
  out << "(";
  for (std::size_t d = 0; d < N; ++d) {
    if (index[d] == full) {
      out << " full";
    } else {
      out << " " << index[d];
    }
  }
  out << " )";
  return out.str();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// How often each element of the grid lies in the boxes added so far.
template <std::size_t N>
class Coverage {
 public:
  explicit Coverage(const Index<N>& shape) : shape_(shape) {
    std::size_t n = 1;
    for (const auto extent : shape) n *= extent;
    times_.resize(n);
  }

  /// False if the box is empty or reaches past the grid.
  bool add(const Box<N>& box) {
    for (std::size_t d = 0; d < N; ++d)
      if (box.lo[d] >= box.hi[d] || box.hi[d] > shape_[d]) return false;
    for_each(box, [this](std::size_t offset) { ++times_[offset]; });
    return true;
  }

  bool all(int times) const {
    return std::all_of(times_.begin(), times_.end(), [times](int t) { return t == times; });
  }

  /// Calls f(offset, point) or f(offset) for every element of the box.
  template <class F>
  void for_each(const Box<N>& box, F&& f) const {
    if (box.size() == 0) return;
    Index<N> point = box.lo;
    while (true) {
      std::size_t offset = 0;
      for (std::size_t d = 0; d < N; ++d) offset = offset * shape_[d] + point[d];
      if constexpr (requires { f(offset, point); }) {
        f(offset, point);
      } else {
        f(offset);
      }
      std::size_t d = N;
      while (d > 0 && ++point[d - 1] == box.hi[d - 1]) {
        --d;
        point[d] = box.lo[d];
      }
      if (d == 0) return;
    }
  }

  friend bool operator==(const Coverage&, const Coverage&) = default;

 private:
  Index<N> shape_;
  std::vector<int> times_;
};

/// A shape of at most a few hundred elements: extents of 0 and 1, tiles of 1, of `full` and wider
/// than the axis all come up often.
template <std::size_t N>
std::pair<Index<N>, Index<N>> random_grid(std::mt19937& random) {
  constexpr std::array<std::size_t, 5> widest{1, 60, 18, 8, 6};
  const auto upto = [&random](std::size_t lowest, std::size_t highest) {
    return std::uniform_int_distribution<std::size_t>(lowest, highest)(random);
  };
  Index<N> shape{}, tile{};
  for (std::size_t d = 0; d < N; ++d) {
    shape[d] = upto(0, 30) == 0 ? 0 : upto(1, widest[N]);
    switch (upto(0, 5)) {
      case 0: tile[d] = full; break;
      case 1: tile[d] = 1; break;
      case 2: tile[d] = shape[d] + upto(1, 9); break;
      default: tile[d] = upto(1, std::max<std::size_t>(shape[d], 1)); break;
    }
  }
  return {shape, tile};
}

/// Runs property(grid, random) on random grids of rank N until it returns a complaint.
template <std::size_t N, class Property>
void hold_for_random_grids(Property&& property) {
  std::mt19937 random(1000 + static_cast<unsigned>(N));
  for (int round = 0; round < rounds; ++round) {
    const auto [shape, tile] = random_grid<N>(random);
    const TileGrid<N> grid(shape, tile);
    const std::string complaint = property(grid, random);
    if (!complaint.empty())
      FAIL("shape " << show<N>(shape) << " tile " << show<N>(tile) << ": " << complaint);
  }
  SUCCEED();
}

template <class Property>
void hold_for_every_rank(Property&& property) {
  hold_for_random_grids<1>(property);
  hold_for_random_grids<2>(property);
  hold_for_random_grids<3>(property);
  hold_for_random_grids<4>(property);
}

/// The elements of tiles [first, last), told by box() alone.
template <std::size_t N>
Coverage<N> tile_by_tile(const TileGrid<N>& grid, std::size_t first, std::size_t last) {
  Coverage<N> out(grid.shape());
  for (std::size_t t = first; t < last; ++t) out.add(grid.box(t));
  return out;
}

}  // namespace

TEST_CASE("every element lies in exactly one tile") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    Coverage<N> coverage(grid.shape());
    for (std::size_t t = 0; t < grid.size(); ++t)
      if (!coverage.add(grid.box(t))) return "tile " + std::to_string(t) + " is no box of the grid";
    return coverage.all(1) ? "" : "an element lies in no tile, or in two";
  });
}

TEST_CASE("number and index are each other's inverse") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    for (std::size_t t = 0; t < grid.size(); ++t) {
      const auto index = grid.index(t);
      for (std::size_t d = 0; d < N; ++d)
        if (index[d] >= grid.counts()[d]) return "index of " + std::to_string(t) + " out of range";
      if (grid.number(index) != t) return "number(index(" + std::to_string(t) + "))";
    }
    return "";
  });
}

TEST_CASE("tiles are numbered row-major: the last axis runs fastest") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    for (std::size_t t = 1; t < grid.size(); ++t)
      if (!(grid.index(t - 1) < grid.index(t))) return "at tile " + std::to_string(t);
    return "";
  });
}

TEST_CASE("tile_of names the tile whose box has the element") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    const Coverage<N> walker(grid.shape());
    std::string complaint;
    for (std::size_t t = 0; t < grid.size(); ++t) {
      walker.for_each(grid.box(t), [&](std::size_t, const Index<N>& point) {
        if (grid.tile_of(point) != t) complaint = "element " + show<N>(point);
      });
    }
    return complaint;
  });
}

TEST_CASE("only tiles at the upper edge are smaller than the tile shape") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    for (std::size_t t = 0; t < grid.size(); ++t) {
      const auto box = grid.box(t);
      const auto index = grid.index(t);
      for (std::size_t d = 0; d < N; ++d) {
        const bool at_edge = index[d] + 1 == grid.counts()[d];
        if (!at_edge && box.extent(d) != grid.tile_shape()[d])
          return "inner tile " + std::to_string(t) + " is not whole";
        if (at_edge && box.hi[d] != grid.shape()[d])
          return "edge tile " + std::to_string(t) + " does not reach the edge";
      }
    }
    return "";
  });
}

TEST_CASE("merged covers exactly the tiles asked for, each element once") {
  hold_for_every_rank(
      []<std::size_t N>(const TileGrid<N>& grid, std::mt19937& random) -> std::string {
        std::uniform_int_distribution<std::size_t> any(0, grid.size());
        for (int range = 0; range < 4; ++range) {
          const auto [first, last] = std::minmax({any(random), any(random)});
          Coverage<N> coverage(grid.shape());
          bool boxes_fit = true;
          grid.merged(first, last,
                      [&](const Box<N>& box) { boxes_fit = coverage.add(box) && boxes_fit; });
          if (!boxes_fit || !(coverage == tile_by_tile(grid, first, last)))
            return "tiles " + std::to_string(first) + " to " + std::to_string(last);
        }
        return "";
      });
}

TEST_CASE("merged makes one box of all tiles") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    std::vector<Box<N>> boxes;
    grid.merged(0, grid.size(), [&](const Box<N>& box) { boxes.push_back(box); });
    if (grid.size() == 0) return boxes.empty() ? "" : "a box of no tiles";
    return boxes == std::vector{Box<N>{{}, grid.shape()}} ? "" : "not one box of the whole shape";
  });
}

TEST_CASE("merged makes at most twice as many boxes as axes, less one") {
  hold_for_every_rank(
      []<std::size_t N>(const TileGrid<N>& grid, std::mt19937& random) -> std::string {
        std::uniform_int_distribution<std::size_t> any(0, grid.size());
        for (int range = 0; range < 8; ++range) {
          const auto [first, last] = std::minmax({any(random), any(random)});
          std::size_t boxes = 0;
          grid.merged(first, last, [&](const Box<N>&) { ++boxes; });
          if (boxes > 2 * N - 1)
            return std::to_string(boxes) + " boxes for tiles " + std::to_string(first) + " to " +
                   std::to_string(last);
        }
        return "";
      });
}

TEST_CASE("merged gives its boxes in the order of their first tiles") {
  hold_for_every_rank(
      []<std::size_t N>(const TileGrid<N>& grid, std::mt19937& random) -> std::string {
        std::uniform_int_distribution<std::size_t> any(0, grid.size());
        const auto [first, last] = std::minmax({any(random), any(random)});
        std::size_t expected = first;
        std::string complaint;
        grid.merged(first, last, [&](const Box<N>& box) {
          if (grid.tile_of(box.lo) != expected) complaint = "a box begins at the wrong tile";
          std::size_t tiles = 1;
          for (std::size_t d = 0; d < N; ++d)
            tiles *= (box.extent(d) + grid.tile_shape()[d] - 1) / grid.tile_shape()[d];
          expected += tiles;
        });
        return expected == last ? complaint : "the boxes do not end at the last tile";
      });
}

TEST_CASE("merged of one tile is that tile's box") {
  hold_for_every_rank([]<std::size_t N>(const TileGrid<N>& grid, std::mt19937&) -> std::string {
    for (std::size_t t = 0; t < grid.size(); ++t) {
      std::vector<Box<N>> boxes;
      grid.merged(t, t + 1, [&](const Box<N>& box) { boxes.push_back(box); });
      if (boxes != std::vector{grid.box(t)}) return "tile " + std::to_string(t);
    }
    return "";
  });
}

TEST_CASE("merged of no tiles makes no box") {
  const TileGrid<2> grid({7, 7}, {2, 2});
  for (std::size_t t = 0; t <= grid.size(); ++t)
    grid.merged(t, t, [](const Box<2>&) { FAIL("a box of nothing"); });
  SUCCEED();
}

TEST_CASE("merged follows rows: a rest of a row, whole rows, a beginning of a row") {
  const TileGrid<2> grid({10, 10}, {2, 3});  // 5 by 4 tiles, the last column one element wide
  std::vector<Box<2>> boxes;
  grid.merged(2, 13, [&](const Box<2>& box) { boxes.push_back(box); });
  CHECK(boxes == std::vector<Box<2>>{{{0, 6}, {2, 10}}, {{2, 0}, {6, 10}}, {{6, 0}, {8, 3}}});
}

TEST_CASE("the classic grid has sixteen tiles of 365x4x4") {
  const TileGrid<3> grid({365, 16, 16}, {full, 4, 4});
  CHECK(grid.size() == 16);
  CHECK(grid.counts() == Index<3>{1, 4, 4});
  CHECK(grid.tile_shape() == Index<3>{365, 4, 4});
  CHECK(grid.box(6) == Box<3>{{0, 4, 8}, {365, 8, 12}});
  CHECK(grid.tile_of({364, 7, 8}) == 6);
}

TEST_CASE("a ragged edge's tiles have what is left") {
  const TileGrid<2> grid({10, 7}, {4, 5});
  CHECK(grid.counts() == Index<2>{3, 2});
  CHECK(grid.box(0) == Box<2>{{0, 0}, {4, 5}});
  CHECK(grid.box(5) == Box<2>{{8, 5}, {10, 7}});
}

TEST_CASE("full, the axis' extent and more than it make the same grid") {
  for (const std::size_t tile : {full, std::size_t{12}, std::size_t{13}, full - 1}) {
    const TileGrid<1> grid({12}, {tile});
    CHECK(grid.size() == 1);
    CHECK(grid.tile_shape() == Index<1>{12});
    CHECK(grid.box(0) == Box<1>{{0}, {12}});
  }
}

TEST_CASE("a shape with a zero extent has no tiles") {
  for (const auto& shape : {Index<3>{0, 5, 5}, Index<3>{5, 0, 5}, Index<3>{5, 5, 0}, Index<3>{}}) {
    for (const auto& tile : {Index<3>{1, 1, 1}, Index<3>{2, 2, 2}, Index<3>{full, full, full}}) {
      const TileGrid<3> grid(shape, tile);
      CHECK(grid.size() == 0);
      grid.merged(0, grid.size(), [](const Box<3>&) { FAIL("a box of nothing"); });
    }
  }
}

TEST_CASE("a grid without axes has one tile with the one element") {
  const TileGrid<0> grid({}, {});
  CHECK(grid.size() == 1);
  CHECK(grid.box(0).size() == 1);
  CHECK(grid.tile_of({}) == 0);
  CHECK(grid.number(grid.index(0)) == 0);
  int boxes = 0;
  grid.merged(0, 1, [&](const Box<0>&) { ++boxes; });
  CHECK(boxes == 1);
}

TEST_CASE("a default grid has no tiles") { CHECK(TileGrid<2>().size() == 0); }

TEST_CASE("a tile extent of 0 is an Error that names the axis") {
  const auto refused = [](const Index<3>& shape, const Index<3>& tile) -> std::string {
    try {
      const TileGrid<3> grid(shape, tile);
    } catch (const tessera::Error& error) {
      return error.errc() == tessera::Errc::invalid_shape ? error.what() : "another code";
    }
    return "not refused";
  };
  CHECK(contains(refused({4, 4, 4}, {1, 0, 1}), "axis 1"));
  CHECK(contains(refused({4, 4, 4}, {1, 1, 0}), "axis 2"));
  CHECK(contains(refused({0, 4, 4}, {0, 1, 1}), "axis 0"));
}

TEST_CASE("a shape whose elements can't be counted is an Error") {
  const auto code = [](const Index<2>& shape) {
    try {
      const TileGrid<2> grid(shape, {1, 1});
    } catch (const tessera::Error& error) {
      return error.errc();
    }
    return tessera::Errc::system;
  };
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  constexpr auto root = std::size_t{1} << (sizeof(std::size_t) * 4);
  CHECK(code({root, root}) == tessera::Errc::invalid_shape);
  CHECK(code({most, 2}) == tessera::Errc::invalid_shape);
  CHECK(code({root, root - 1}) == tessera::Errc::system);
  CHECK(code({most, 1}) == tessera::Errc::system);
}

TEST_CASE("the boxes of the longest axis do not overflow") {
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  const TileGrid<1> grid({most}, {most - 1});
  CHECK(grid.size() == 2);
  CHECK(grid.box(0) == Box<1>{{0}, {most - 1}});
  CHECK(grid.box(1) == Box<1>{{most - 1}, {most}});
  CHECK(grid.tile_of({most - 1}) == 1);
}

TEST_CASE("a grid is known at compile time") {
  constexpr TileGrid<2> grid({6, 5}, {2, 2});
  STATIC_REQUIRE(grid.size() == 9);
  STATIC_REQUIRE(grid.box(8) == Box<2>{{4, 4}, {6, 5}});
  STATIC_REQUIRE(grid.tile_of({5, 4}) == 8);
}
