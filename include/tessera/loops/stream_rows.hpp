// Floor 2, loops: the loop over rows with streaming stores, which bypass the caches.
//
// For elementwise work on arrays that are far larger than the last-level cache. Values are computed
// in registers, as many as one store holds, for any function. Results are the same as with
// run_rows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/base/convert.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/streaming.hpp>
#include <tessera/loops/packed_row.hpp>
#include <tessera/loops/row_loop.hpp>

namespace tessera::detail {

/// True if work that visits this many bytes, each once, is faster with streaming stores. Do not use
/// them for an output that is also an input: its lines come into the cache anyway.
inline bool streaming_pays(std::size_t bytes) {
  static const std::size_t cache = host::last_level_cache();
  return host::can_stream && cache != 0 && bytes / 2 >= cache;
}

/// The element types that stream_row can stream: their size divides a cache line.
template <class T>
inline constexpr bool streamable =
    std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
    cache_line % sizeof(T) == 0;

/// to[i] = from[i] for a row of `length` elements, contiguous in `to` and, if Unit, in `from`.
/// Whole cache lines are streamed; the elements before and after them are stored as usual.
template <bool Unit, class T, std::size_t N, class Node>
  requires streamable<T>
void stream_row(const Operand<T, N> to, const Node from, std::ptrdiff_t length) {
  constexpr std::size_t width = (std::max)(host::stream_width, sizeof(T)) / sizeof(T);
  constexpr std::ptrdiff_t per_line = cache_line / sizeof(T);
  const auto store = [&](std::ptrdiff_t i, std::ptrdiff_t end) {
    TESSERA_INDEPENDENT
    for (; i < end; ++i)
      to.template read<true>(i) = converted<T>(ValueOf<Node>(from.template read<Unit>(i)));
  };
  const auto past = reinterpret_cast<std::uintptr_t>(to.at) % cache_line;
  // Structs may be aligned so that none begins a cache line: then nothing is streamed.
  const auto head = past % sizeof(T) == 0
                        ? static_cast<std::ptrdiff_t>((cache_line - past) % cache_line / sizeof(T))
                        : length;
  auto i = (std::min)(head, length);
  store(0, i);
  // It counts lines down: with a bound on i, the compiler would share its arithmetic with the
  // address of a line's last element, and not vectorise that element.
  for (auto lines = (length - i) / per_line; lines > 0; --lines, i += per_line) {
    if constexpr (converts_in_part<T, ValueOf<Node>>) {
      ValueOf<Node> values[per_line];
      for (std::ptrdiff_t j = 0; j < per_line; ++j) values[j] = from.template read<Unit>(i + j);
      alignas(host::stream_width) T results[per_line];
      convert_block<per_line>(values, results);
      for (std::size_t k = 0; k < per_line; k += width)
        host::stream<width * sizeof(T)>(&to.template read<true>(i + static_cast<std::ptrdiff_t>(k)),
                                        results + k);
      continue;
    }
    for (std::size_t k = 0; k < per_line; k += width) {
      alignas(host::stream_width) T values[width];
      const auto first = i + static_cast<std::ptrdiff_t>(k);
      for (std::size_t j = 0; j < width; ++j)
        values[j] =
            static_cast<T>(from.template read<Unit>(first + static_cast<std::ptrdiff_t>(j)));
      host::stream<sizeof values>(&to.template read<true>(first), values);
    }
  }
  store(i, length);
}

/// run_rows, with streaming stores where rows are long enough. `in` must not read what `out`
/// writes. All stores of this call come before later stores of this thread.
template <class T, std::size_t N, class Node>
void stream_rows(const std::array<std::size_t, N>& shape, const Operand<T, N>& out,
                 const Node& in) {
  constexpr std::size_t shortest = 512;  // bytes
  if constexpr (host::can_stream && streamable<T>) {
    const RowNest<N> rows(shape, out, in);
    const auto length = rows.length;
    if (!rows.empty() && out.unit() &&
        length >= static_cast<std::ptrdiff_t>(shortest / sizeof(T))) {
      if (in.unit())
        walk<0>(rows.counts, out, in.non_owning(),
                [length](const auto& to, const auto& from) { stream_row<true>(to, from, length); });
      else
        walk<0>(rows.counts, out, in.non_owning(), [length](const auto& to, const auto& from) {
          if constexpr (PackedRow<std::decay_t<decltype(from)>>::possible)
            each_pack(from, length, [&](std::ptrdiff_t i, const auto& packed, std::ptrdiff_t n) {
              stream_row<true>(Operand<T, N>{to.at + i, to.strides}, packed, n);
            });
          else
            stream_row<false>(to, from, length);
        });
      host::stream_fence();
      return;
    }
  }
  run_rows(shape, out, in);
}

}  // namespace tessera::detail
