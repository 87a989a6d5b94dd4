// Floor 2, loops: the loop that runs nodes over the rows of a tile.
//
// A row of a small tile has few elements, and every row may lie on another page. So the loop nest
// is plain, pointers stay in registers, short rows have no loop of their own, and where rows are
// far apart, the memory after each is prefetched.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/convert.hpp>
#include <tessera/host/vectorized.hpp>
#include <tessera/loops/packed_row.hpp>
#include <tessera/loops/row_nodes.hpp>

namespace tessera::detail {

/// Up to this many elements, a row is computed in groups of four.
inline constexpr std::ptrdiff_t short_row = 32;

/// A loop over N axes, as rows. The last axes form one row as long as they are contiguous in every
/// operand; the loop goes over the axes before them.
template <std::size_t N>
struct RowNest {
  std::array<std::size_t, N> counts{};  ///< steps on each axis; 1 on the axes of a row
  std::ptrdiff_t length = 1;            ///< elements of a row

  /// Axes before `first` are not part of a row.
  template <class Out, class In>
  RowNest(const std::array<std::size_t, N>& shape, const Out& out, const In& in,
          std::size_t first = 0)
      : counts(shape) {
    if constexpr (N > 0) {
      length = static_cast<std::ptrdiff_t>(std::exchange(counts[N - 1], 1));
      for (std::size_t d = N - 1;
           d > first && (counts[d - 1] == 1 ||
                         (out.contiguous_with(d, length) && in.contiguous_with(d, length)));
           --d)
        length *= static_cast<std::ptrdiff_t>(std::exchange(counts[d - 1], 1));
    }
  }
  bool empty() const {
    return length == 0 || std::find(counts.begin(), counts.end(), 0u) != counts.end();
  }
};

/// Calls body(out, in) at the beginning of each row. Nodes are passed by value and the axes are
/// constants, so that the compiler can keep pointers in registers.
template <std::size_t Axis, std::size_t N, class Out, class In, class Body>
TESSERA_INLINE void walk(const std::array<std::size_t, N>& counts, Out out, In in,
                         const Body& body) {
  if constexpr (Axis + 1 >= N) {
    body(out, in);
  } else {
    for (std::size_t i = 0; i < counts[Axis]; ++i) {
      walk<Axis + 1>(counts, out, in, body);
      out.step(Axis, 1);
      in.step(Axis, 1);
    }
  }
}

/// How many bytes ahead to prefetch while a row is computed, in a loop over rows of `length`
/// elements; 0: none. No hardware prefetches rows that lie far apart, and looking up their pages
/// takes longest. During that lookup the memory after the row is fetched too: the next tile needs
/// it. In rows of more than a kilobyte the computation hides all this.
template <class T, std::size_t N>
std::size_t look_ahead(const std::array<std::size_t, N>& counts, std::ptrdiff_t length,
                       const Operand<T, N>& out) {
  if constexpr (N >= 2) {
    const auto bytes = static_cast<std::size_t>(length) * sizeof(T);
    const std::size_t walked = N >= 3 && counts[N - 2] == 1 ? N - 3 : N - 2;
    const auto apart = static_cast<std::size_t>(std::abs(out.strides[walked])) * sizeof(T);
    if (bytes <= 1024 && apart >= 4 * cache_line) return (std::max)(bytes, cache_line);
  }
  return 0;
}

/// The type of the elements that a node gives.
template <class Node>
using ValueOf = std::remove_cvref_t<decltype(std::declval<const Node&>().template read<true>(0))>;

/// to[k] = from[k] for k in [i, end), converted in blocks: see convert_block.
template <bool Unit, class T, std::size_t N, class Node>
TESSERA_INLINE void convert_row(const Operand<T, N>& to, const Node& from, std::ptrdiff_t i,
                                std::ptrdiff_t end) {
  constexpr std::ptrdiff_t width = 32;
  for (; end - i >= width; i += width) {
    ValueOf<Node> values[width];
    for (std::ptrdiff_t j = 0; j < width; ++j) values[j] = from.template read<Unit>(i + j);
    T results[width];
    convert_block<width>(values, results);
    for (std::ptrdiff_t j = 0; j < width; ++j) to.template read<Unit>(i + j) = results[j];
  }
  for (; i < end; ++i)
    to.template read<Unit>(i) = converted<T>(ValueOf<Node>(from.template read<Unit>(i)));
}

/// to[i] = from[i] for a whole row.
template <bool Unit, class T, std::size_t N, class Node>
TESSERA_INLINE void copy_row(const Operand<T, N>& to, const Node& from, std::ptrdiff_t length) {
  TESSERA_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < length; ++i)
    to.template read<Unit>(i) = static_cast<T>(from.template read<Unit>(i));
}

/// to[k] = from[k] for the four elements from i on. All four are read before one is written, so
/// this has no loop at any level of optimisation.
template <class T, std::size_t N, class Node>
TESSERA_INLINE void copy_four(const Operand<T, N>& to, const Node& from, std::ptrdiff_t i) {
  const T values[]{static_cast<T>(from.template read<true>(i)),
                   static_cast<T>(from.template read<true>(i + 1)),
                   static_cast<T>(from.template read<true>(i + 2)),
                   static_cast<T>(from.template read<true>(i + 3))};
  to.template read<true>(i) = values[0];
  to.template read<true>(i + 1) = values[1];
  to.template read<true>(i + 2) = values[2];
  to.template read<true>(i + 3) = values[3];
}

/// True of a node that computes. Others only copy.
template <class Node>
inline constexpr bool is_computed = false;
template <class F, class... Nodes>
inline constexpr bool is_computed<Applied<F, Nodes...>> = true;

/// out[x] = in[x] for every element of `shape`. `in` is a node; values are converted as by
/// converted().
template <class T, std::size_t N, class Node>
void run_rows(const std::array<std::size_t, N>& shape, const Operand<T, N>& out, const Node& in) {
  const RowNest<N> rows(shape, out, in);
  if (rows.empty()) return;
  const auto length = rows.length;
  const auto ahead = look_ahead(rows.counts, length, out);
  const auto each_row = [&](const auto& body) TESSERA_INLINE_CALL {
    walk<0>(rows.counts, out, in.non_owning(),
            [&](const auto& to, const auto& from) TESSERA_INLINE_CALL {
              if constexpr (N >= 2) {
                if (ahead != 0) {
                  to.prefetch(ahead);
                  from.prefetch(ahead);
                }
              }
              body(to, from);
            });
  };
  const bool unit = out.unit() && in.unit();
  if constexpr (converts_in_part<T, ValueOf<Node>>) {
    if (unit)
      host::run_vectorized([&]() TESSERA_INLINE_CALL {
        each_row([length](const auto& to, const auto& from)
                     TESSERA_INLINE_CALL { convert_row<true>(to, from, 0, length); });
      });
    else
      each_row(
          [length](const auto& to, const auto& from) { convert_row<false>(to, from, 0, length); });
    return;
  }
  using Row = std::decay_t<decltype(in.non_owning())>;
  if constexpr (PackedRow<Row>::possible) {
    if (out.unit() && !in.unit())
      return host::run_vectorized([&]() TESSERA_INLINE_CALL {
        each_row([length](const auto& to, const auto& from) TESSERA_INLINE_CALL {
          each_pack(from, length,
                    [&](std::ptrdiff_t i, const auto& packed, std::ptrdiff_t n)
                        TESSERA_INLINE_CALL {
                          copy_row<true>(Operand<T, N>{to.at + i, to.strides}, packed, n);
                        });
        });
      });
  }
  if (!unit)
    return each_row(
        [length](const auto& to, const auto& from) { copy_row<false>(to, from, length); });
  if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= 16) {
    if (length <= short_row && length % 4 == 0) {
      // Without a loop: the fewer instructions a row has, the more rows the processor has in
      // flight.
      if (length == 4)
        each_row([](const auto& to, const auto& from) { copy_four(to, from, 0); });
      else
        each_row([length](const auto& to, const auto& from) {
          for (std::ptrdiff_t i = 0; i < length; i += 4) copy_four(to, from, i);
        });
      return;
    }
  }
  const auto rows_of_vectors = [&]() TESSERA_INLINE_CALL {
    each_row([length](const auto& to, const auto& from)
                 TESSERA_INLINE_CALL { copy_row<true>(to, from, length); });
  };
  if constexpr (is_computed<Node> || !std::is_same_v<T, ValueOf<Node>>)
    host::run_vectorized(rows_of_vectors);
  else
    rows_of_vectors();
}

}  // namespace tessera::detail
