// Public: Box. Floor 1, grid: a half-open region of an N-d grid. No OS calls.
#pragma once

#include <array>
#include <cstddef>

#include <tessera/base/extents.hpp>

namespace tessera {

/// The elements x with lo[d] <= x[d] < hi[d] on every axis d. Empty if lo[d] == hi[d] on any axis.
template <std::size_t N>
struct Box {
  std::array<std::size_t, N> lo{};  ///< the first index on each axis
  std::array<std::size_t, N> hi{};  ///< one past the last index on each axis

  /// Indices on one axis.
  constexpr std::size_t extent(std::size_t axis) const { return hi[axis] - lo[axis]; }

  /// Indices on each axis.
  constexpr std::array<std::size_t, N> shape() const {
    std::array<std::size_t, N> out{};
    for (std::size_t d = 0; d < N; ++d) out[d] = extent(d);
    return out;
  }

  /// Number of elements.
  constexpr std::size_t size() const { return detail::product_of(shape()); }

  /// True if the element at `point` is in the box.
  constexpr bool contains(const std::array<std::size_t, N>& point) const {
    for (std::size_t d = 0; d < N; ++d)
      if (point[d] < lo[d] || point[d] >= hi[d]) return false;
    return true;
  }

  friend constexpr bool operator==(const Box&, const Box&) = default;
};

}  // namespace tessera
