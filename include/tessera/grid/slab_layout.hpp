// Floor 1, grid: how an elementwise job is cut into boxes.
//
// Every element is computed in the same way, so any cut gives the same result. These cuts are
// chosen for speed: rows are long, and neighbouring boxes are contiguous in memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <tessera/base/extents.hpp>
#include <tessera/grid/tile_grid.hpp>

namespace tessera::detail {

/// A tile shape of the trailing R axes, extended to all N axes: the leading axes are whole.
template <std::size_t N, std::size_t R>
std::array<std::size_t, N> with_whole_axes(const std::array<std::size_t, R>& tile) {
  std::array<std::size_t, N> out;
  out.fill(full);
  std::copy(tile.begin(), tile.end(), out.end() - R);
  return out;
}

/// As with_whole_axes(), but with the leading axes cut into slabs of equal extent, so that
/// neighbouring tiles of one slab are contiguous in memory. A tile has at least 512 elements in a
/// slab: fewer cost more to claim than to compute.
template <std::size_t N, std::size_t R>
std::array<std::size_t, N> with_slabs(const std::array<std::size_t, R>& tile,
                                      const std::array<std::size_t, N>& shape) {
  constexpr std::size_t least = 512;  // elements
  auto out = with_whole_axes<N>(tile);
  std::size_t elements = 1;
  for (std::size_t d = N; d-- > 0;) {
    const auto extent = std::max<std::size_t>(1, shape[d]);
    if (d < N - R) {
      const auto most = (least + elements - 1) / elements, slabs = (extent + most - 1) / most;
      out[d] = (extent + slabs - 1) / slabs;
    }
    elements *= (std::min)(out[d], extent);
    if (d < N - R && out[d] < extent) elements = (std::max)(elements, least);
  }
  return out;
}

/// The shape of a box: whole trailing axes first, so that rows are long. About 32 boxes for each
/// worker. A box has at least 1024 elements (fewer are not worth a claim) and about 16384 at most
/// (more do not fit in a core's cache).
template <std::size_t N>
std::array<std::size_t, N> boxes_for(const std::array<std::size_t, N>& shape, std::size_t workers) {
  const std::size_t target =
      std::clamp<std::size_t>(product_of(shape) / (workers * 32) + 1, 1024, 16384);
  std::array<std::size_t, N> box;
  box.fill(1);
  std::size_t elements = 1;
  for (std::size_t d = N; d-- > 0 && elements < target;) {
    box[d] = std::max<std::size_t>(1, (std::min)(shape[d], (target + elements - 1) / elements));
    elements *= box[d];
    if (box[d] < shape[d]) break;
  }
  return box;
}

/// How many neighbouring tiles of an elementwise job stay together: enough for rows of 128
/// elements, which are fast to compute; but each worker gets at least two such groups.
template <std::size_t R>
std::size_t grain_of(const TileGrid<R>& grid, std::size_t workers) {
  constexpr std::size_t row = 128;  // elements
  const auto in_a_row = (std::min)(grid.counts()[R - 1],
                                   (row + grid.tile_shape()[R - 1] - 1) / grid.tile_shape()[R - 1]);
  return std::max<std::size_t>(1, (std::min)(in_a_row, grid.size() / (2 * workers)));
}

}  // namespace tessera::detail
