// Public: TileGrid, full. Floor 1, grid: an N-d shape cut into tiles. No OS calls.
//
// Tiles are numbered in row-major order. Every element is in exactly one tile. Tiles at the upper
// edges are smaller if the tile's extent does not divide the axis. A shape with an extent of 0 has
// no tiles.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/grid/box.hpp>

namespace tessera {

/// The extent of a tile that has the whole axis.
inline constexpr std::size_t full = static_cast<std::size_t>(-1);

namespace detail {
/// The most axes that a tile shape or an argument of a job may have.
inline constexpr std::size_t max_axes = 16;
}  // namespace detail

/// A shape of N axes, cut into tiles. It never changes, so threads may share one.
///
///     const TileGrid<2> grid({10, 10}, {4, 4});  // 3 x 3 tiles
///     grid.box(8);                               // from {8, 8} up to, not including, {10, 10}
template <std::size_t N>
class TileGrid {
 public:
  using Index = std::array<std::size_t, N>;  ///< a number for each axis

  /// No elements and no tiles.
  TileGrid() = default;

  /// Cuts `shape` into tiles of `tile` elements per axis. `full`, or more than the axis has, means
  /// the whole axis. Throws Error(invalid_shape) if a tile's extent is 0, or if the number of
  /// elements does not fit in 64 bits.
  constexpr TileGrid(const Index& shape, const Index& tile) : shape_(shape) {
    for (std::size_t d = 0; d < N; ++d) {
      if (tile[d] == 0)
        throw Error(Errc::invalid_shape, "tile shape",
                    "axis " + std::to_string(d) + " of the tile is 0",
                    "give each axis at least 1, or tessera::full for the whole axis");
      tile_[d] = (std::min)(tile[d], std::max<std::size_t>(shape[d], 1));
      counts_[d] = shape[d] / tile_[d] + (shape[d] % tile_[d] != 0);
    }
    if (!detail::checked_product(1, shape))
      throw Error(Errc::invalid_shape, "tile grid", "a shape of more elements than can be counted");
  }

  constexpr const Index& shape() const { return shape_; }      ///< elements per axis
  constexpr const Index& tile_shape() const { return tile_; }  ///< of a tile not at an edge
  constexpr const Index& counts() const { return counts_; }    ///< tiles per axis

  /// Number of tiles.
  constexpr std::size_t size() const { return detail::product_of(counts_); }

  /// The position of tile `number` (less than size()) in the grid of tiles.
  constexpr Index index(std::size_t number) const {
    Index out{};
    for (std::size_t d = N; d-- > 0;) {
      out[d] = number % counts_[d];
      number /= counts_[d];
    }
    return out;
  }

  /// The number of the tile at `index`; the inverse of index().
  constexpr std::size_t number(const Index& index) const {
    std::size_t out = 0;
    for (std::size_t d = 0; d < N; ++d) out = out * counts_[d] + index[d];
    return out;
  }

  /// The number of the tile that contains the element at `point`.
  constexpr std::size_t tile_of(const Index& point) const {
    Index at{};
    for (std::size_t d = 0; d < N; ++d) at[d] = point[d] / tile_[d];
    return number(at);
  }

  /// The elements of tile `number`.
  constexpr Box<N> box(std::size_t number) const { return box_of(index(number), index(number)); }

  /// Calls f(Box) for boxes that together hold exactly the elements of the tiles [first, last),
  /// each once, in order. Neighbours along an axis become one wide box, so the boxes are few.
  template <class F>
  constexpr void merged(std::size_t first, std::size_t last, F&& f) const {
    while (first < last) {
      // The largest run of tiles from `first` on that is a box: whole trailing axes, as long as
      // `first` is at their beginning and they fit; then as many steps of the next axis as fit.
      std::size_t block = 1, axis = N;
      while (axis > 0 && first % (block * counts_[axis - 1]) == 0 &&
             block * counts_[axis - 1] <= last - first)
        block *= counts_[--axis];
      std::size_t steps = 1;
      if (axis > 0) {
        const std::size_t at = first / block % counts_[axis - 1];
        steps = (std::min)(counts_[axis - 1] - at, (last - first) / block);
      }
      f(box_of(index(first), index(first + block * steps - 1)));
      first += block * steps;
    }
  }

 private:
  constexpr Box<N> box_of(const Index& from, const Index& to) const {
    Box<N> out;
    for (std::size_t d = 0; d < N; ++d) {
      const std::size_t last = to[d] * tile_[d];
      out.lo[d] = from[d] * tile_[d];
      out.hi[d] = last + (std::min)(tile_[d], shape_[d] - last);
    }
    return out;
  }

  Index shape_{};
  Index tile_{};
  Index counts_{};
};

}  // namespace tessera
