// Floor 4, pool/worker: an argument in a worker, with its type. Decoded once for each job.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <tessera/grid/box.hpp>
#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/board/job_memory.hpp>

namespace tessera::detail {

/// An argument of type `S`, a Section.
template <class S>
struct BoundArgument {
  using T = typename S::element_type;
  static constexpr std::size_t N = S::rank;

  T* data;
  std::array<std::size_t, N> shape;
  std::array<std::ptrdiff_t, N> strides;

  /// Argument `number` of the job. `first` is its first element in this process.
  BoundArgument(const JobMemory& memory, std::size_t number, std::byte* first)
      : data(reinterpret_cast<T*>(first)) {
    const auto& record = memory.arguments()[number];
    std::copy_n(memory.shape(record), N, shape.begin());
    std::copy_n(memory.strides(record), N, strides.begin());
  }

  /// The view of one tile. Trailing axes line up with the box; all other axes are whole.
  template <std::size_t R>
  TileView<T, N> tile(const Box<R>& box, const std::array<std::size_t, R>& grid) const {
    if constexpr (S::use == Use::whole) return {data, shape, strides};
    T* at = data;
    auto extents = shape;
    for (std::size_t k = 0; k < (std::min)(N, R); ++k) {
      const std::size_t d = N - 1 - k, g = R - 1 - k;
      if (shape[d] != grid[g]) continue;  // broadcast: an extent of 1
      at += static_cast<std::ptrdiff_t>(box.lo[g]) * strides[d];
      extents[d] = box.extent(g);
    }
    return {at, extents, strides};
  }
};

}  // namespace tessera::detail
