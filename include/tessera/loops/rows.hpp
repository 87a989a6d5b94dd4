// Public: for_each_row. Floor 2, loops: the rows of several tiles as spans, for kernels with loops.
//
// The beginning of a row is found by one step from the row before, and distant rows are prefetched
// as in row_loop.hpp. Otherwise a row of few elements would cost more to find than to compute.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/tile_view.hpp>

namespace tessera {

namespace detail {

/// Operands that move together.
template <std::size_t N, class... T>
struct SideBySide {
  std::tuple<Operand<T, N>...> operands;

  TESSERA_INLINE void step(std::size_t axis, std::ptrdiff_t n) {
    std::apply([&](auto&... operand) { (operand.step(axis, n), ...); }, operands);
  }
  TESSERA_INLINE void prefetch(std::size_t ahead) const {
    prefetch(ahead, std::index_sequence_for<T...>{});
  }
  template <std::size_t... I>
  TESSERA_INLINE void prefetch(std::size_t ahead, std::index_sequence<I...>) const {
    (std::get<I>(operands).prefetch(ahead), ...);
  }
};

/// The shape that all tiles have. Throws Error: shape_mismatch if they differ, invalid_argument if
/// the rows of one are not contiguous.
template <std::size_t N, class... T>
std::array<std::size_t, N> shape_of_rows(const TileView<T, N>&... tiles) {
  const auto shape = std::get<0>(std::tie(tiles...)).shape();
  const auto check_tile = [&](const auto& tile) {
    if (tile.shape() != shape)
      throw Error(Errc::shape_mismatch, "rows", "the tiles have different shapes",
                  "give for_each_row tiles of one shape");
    if (shape[N - 1] > 1 && tile.operand().strides[N - 1] != 1)
      throw Error(Errc::invalid_argument, "rows", "a tile's rows are not contiguous",
                  "index it as tile(i, j)");
  };
  (check_tile(tiles), ...);
  return shape;
}

}  // namespace detail

/// Calls body(row of the first tile, row of the second, ...) for all rows, in order. A row is a
/// std::span of the elements along the last axis; those of a read-only tile are const.
///
///     for_each_row([](auto out, auto a, auto b) {
///       for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] + b[i];
///     }, v, t, r);
///
/// The body is called as const: it counts or sums in variables that it captures by reference.
/// Throws Error: shape_mismatch if the tiles have different shapes; invalid_argument if the step of
/// a section makes the elements of a row not contiguous.
template <class Body, std::size_t N, class... T>
  requires(N > 0 && sizeof...(T) > 0)
TESSERA_INLINE void for_each_row(const Body& body, const TileView<T, N>&... tiles) {
  auto counts = detail::shape_of_rows(tiles...);
  const auto length = std::exchange(counts[N - 1], 1);
  const detail::SideBySide<N, T...> begin{{tiles.operand()...}};
  const auto ahead =
      detail::look_ahead(counts, static_cast<std::ptrdiff_t>(length), std::get<0>(begin.operands));
  struct Nothing {
    void step(std::size_t, std::ptrdiff_t) const {}
  };
  for (const auto count : counts)
    if (count == 0) return;
  detail::walk<0>(counts, begin, Nothing{}, [&](const auto& here, const Nothing&) {
    if (ahead != 0) here.prefetch(ahead);
    std::apply([&](const auto&... operand) { body(std::span<T>(operand.at, length)...); },
               here.operands);
  });
}

}  // namespace tessera
