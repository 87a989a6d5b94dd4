// Floor 2, loops: the elements along one axis, slice after slice, each as contiguous memory.
//
// For work that needs all elements along an axis at once: sorting, selection. Where the axis is not
// the last one, a cache line holds elements of several slices: so as many are gathered together.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/loops/nan.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>

namespace tessera::detail {

/// Calls body(values, number) for each slice of `in` along `axis`: a pointer to its elements, which
/// the body may change, and the row-major number of the slice. Then writes the elements to `out` if
/// it is given: an operand of the same shape.
template <class V, std::size_t N, class Node, class Body>
  requires(N > 0)
void each_axis_slice(const std::array<std::size_t, N>& shape, std::size_t axis, const Node& in,
                     const Operand<V, N>* out, const Body& body) {
  const auto length = static_cast<std::ptrdiff_t>(shape[axis]);
  const bool along_rows = axis == N - 1;
  const auto per_line =
      static_cast<std::ptrdiff_t>((std::max)(cache_line / sizeof(V), std::size_t{1}));
  const auto together = along_rows ? 1 : per_line;
  const auto buffer = std::make_unique<V[]>(static_cast<std::size_t>(length * together));
  V* const values = buffer.get();
  auto counts = shape;  // of the rows of slices
  counts[axis] = 1;
  const auto row = static_cast<std::ptrdiff_t>(along_rows ? 1 : counts[N - 1]);
  counts[N - 1] = 1;
  std::size_t number = 0;
  if (std::find(counts.begin(), counts.end(), 0u) != counts.end()) return;
  const Operand<V, N> to = out != nullptr ? *out : Operand<V, N>{};
  walk<0>(counts, to, in.non_owning(), [&](const Operand<V, N>& result, const auto& from) {
    for (std::ptrdiff_t i = 0; i < row; i += together) {
      const auto n = (std::min)(together, row - i);
      auto at = from;
      for (std::ptrdiff_t t = 0; t < length; ++t, at.step(axis, 1))
        for (std::ptrdiff_t k = 0; k < n; ++k)
          values[k * length + t] = static_cast<V>(at.template read<false>(i + k));
      for (std::ptrdiff_t k = 0; k < n; ++k) body(values + k * length, number++);
      if (out == nullptr) continue;
      auto target = result;
      for (std::ptrdiff_t t = 0; t < length; ++t, target.step(axis, 1))
        for (std::ptrdiff_t k = 0; k < n; ++k)
          target.template read<false>(i + k) = values[k * length + t];
    }
  });
}

/// Less, with NaN after all numbers: an order that sorting may rely on.
struct NanLast {
  template <class V>
  bool operator()(const V& a, const V& b) const {
    return a < b || (is_nan(b) && !is_nan(a));
  }
};

}  // namespace tessera::detail
