// Floor 4, pool/worker: an argument in a worker, with its type. Decoded once for each job.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tessera/grid/box.hpp>
#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/section.hpp>

namespace tessera::detail {

/// An argument as job memory describes it.
struct RawArgument {
  std::byte* first;  ///< its first element, in this process
  const std::uint64_t* shape;
  const std::int64_t* strides;  ///< in elements
};

/// An argument of type `S`, a Section.
template <class S>
struct BoundArgument {
  using T = typename S::element_type;
  static constexpr std::size_t N = S::rank;

  T* data;
  std::array<std::size_t, N> shape;
  std::array<std::ptrdiff_t, N> strides;

  explicit BoundArgument(const RawArgument& raw) : data(reinterpret_cast<T*>(raw.first)) {
    std::copy_n(raw.shape, N, shape.begin());
    std::copy_n(raw.strides, N, strides.begin());
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
