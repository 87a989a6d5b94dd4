// Floor 2, loops: a row whose elements do not lie next to each other is copied to where they do.
//
// An operand may be broadcast along a row (`t * x` where t has one value for each time), or be
// every second element. A loop with such strides is not vectorised. So up to 256 of its elements at
// a time are copied into a buffer, and the loop reads that. A broadcast value is copied once for a
// row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/loops/row_nodes.hpp>

namespace tessera::detail {

/// The elements that are packed at a time.
inline constexpr std::ptrdiff_t pack_width = 256;

/// The buffers of a node. pack() gives a node whose operands are contiguous for the n elements of a
/// row from element i on; for one row it is called with i = 0, pack_width, ... It reads the
/// buffers.
template <class Node>
struct PackedRow {
  static constexpr bool possible = false;
};
template <class T, std::size_t N>
struct PackedRow<Operand<T, N>> {
  using Value = std::remove_const_t<T>;
  static constexpr bool possible =
      N > 0 &&
      std::is_trivially_copyable_v<Value>&& std::is_trivially_default_constructible_v<Value>;
  alignas(cache_line) Value values[pack_width];

  // Without this, a tuple of buffers would fill them with zeros for every row.
  PackedRow() {}  // NOLINT(modernize-use-equals-default)
  TESSERA_INLINE Operand<T, N> pack(const Operand<T, N>& from, std::ptrdiff_t i, std::ptrdiff_t n) {
    auto out = from;
    const auto stride = from.strides[N - 1];
    out.strides[N - 1] = 1;
    if (stride == 1) {
      out.at += i;
      return out;
    }
    const auto copy_every = [&](auto step) TESSERA_INLINE_CALL {
      const T* const at = from.at + i * step;
      for (std::ptrdiff_t k = 0; k < n; ++k) values[k] = at[k * step];
    };
    // With constant strides the compiler vectorises the copy.
    if (stride == 2)
      copy_every(std::integral_constant<std::ptrdiff_t, 2>{});
    else if (stride == -1)
      copy_every(std::integral_constant<std::ptrdiff_t, -1>{});
    else if (stride != 0)
      copy_every(stride);
    else if (i == 0)
      std::fill_n(values, n, *from.at);
    out.at = values;
    return out;
  }
};
template <class T>
struct PackedRow<Constant<T>> {
  static constexpr bool possible = true;
  const Constant<T>& pack(const Constant<T>& from, std::ptrdiff_t, std::ptrdiff_t) { return from; }
};
template <std::size_t N>
struct PackedRow<IndexNode<N>> {
  static constexpr bool possible = N > 0;
  IndexNode<N> pack(IndexNode<N> from, std::ptrdiff_t i, std::ptrdiff_t) {
    from.step(N - 1, i);
    return from;
  }
};
template <class F, class... Nodes>
struct PackedRow<Applied<F, Nodes...>> {
  static constexpr bool possible = (PackedRow<Nodes>::possible && ...);
  std::tuple<PackedRow<Nodes>...> parts;

  TESSERA_INLINE Applied<F, Nodes...> pack(const Applied<F, Nodes...>& from, std::ptrdiff_t i,
                                           std::ptrdiff_t n) {
    return [&]<std::size_t... K>(std::index_sequence<K...>) TESSERA_INLINE_CALL {
      return Applied<F, Nodes...>{from.function,
                                  {std::get<K>(parts).pack(std::get<K>(from.nodes), i, n)...}};
    }(std::index_sequence_for<Nodes...>{});
  }
};

/// Calls body(i, node, n) for a row of `length` elements: once, or for pack_width elements at a
/// time with a node whose operands are contiguous.
template <class Node, class Body>
TESSERA_INLINE void each_pack(const Node& from, std::ptrdiff_t length, const Body& body) {
  PackedRow<Node> packed;
  for (std::ptrdiff_t i = 0; i < length; i += pack_width) {
    const auto n = (std::min)(pack_width, length - i);
    body(i, packed.pack(from, i, n), n);
  }
}

}  // namespace tessera::detail
