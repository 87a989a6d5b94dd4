// Floor 2, loops: the loop over rows with streaming stores, which bypass the caches.
//
// For elementwise work on arrays that are larger than the last-level cache. Values are computed
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
#include <tessera/host/vectorized.hpp>
#include <tessera/loops/packed_row.hpp>
#include <tessera/loops/row_loop.hpp>

namespace tessera::detail {

/// True if work that visits this many bytes, each once, is faster with streaming stores: it does
/// not fit into the last-level cache, so little of it would still be there for the next job. Do not
/// use them for an output that is also an input: its lines come into the cache anyway.
inline bool streaming_pays(std::size_t bytes) {
  static const std::size_t cache = host::last_level_cache();
  return host::can_stream && cache != 0 && bytes >= cache;
}

/// The element types that stream_row can stream: their size divides a cache line.
template <class T>
inline constexpr bool streamable =
    std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
    cache_line % sizeof(T) == 0;

/// to[i] = from[i] for a row of `length` elements, contiguous in `to` and, if Unit, in `from`.
/// Whole cache lines are streamed; the elements before and after them are stored as usual. Inlined,
/// or gcc would compile it once for all processors.
template <bool Unit, class T, std::size_t N, class Node>
  requires streamable<T>
TESSERA_INLINE void stream_row(const Operand<T, N> to, const Node from, std::ptrdiff_t length) {
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
    alignas(cache_line) T results[cache_line / sizeof(T)];
    if constexpr (converts_in_part<T, ValueOf<Node>>) {
      ValueOf<Node> values[cache_line / sizeof(T)];
      for (std::ptrdiff_t j = 0; j < per_line; ++j) values[j] = from.template read<Unit>(i + j);
      convert_block<per_line>(values, results);
    } else {
      TESSERA_KEEP_LOOP
      for (std::ptrdiff_t j = 0; j < per_line; ++j)
        results[j] = static_cast<T>(from.template read<Unit>(i + j));
    }
    host::stream<sizeof results>(&to.template read<true>(i), results);
  }
  store(i, length);
}

/// The same for a row of `in` whose elements are not contiguous.
template <class T, std::size_t N, class Node>
TESSERA_INLINE void stream_strided_row(const Operand<T, N>& to, const Node& from,
                                       std::ptrdiff_t length) {
  if constexpr (PackedRow<Node>::possible)
    each_pack(from, length,
              [&](std::ptrdiff_t i, const auto& packed, std::ptrdiff_t n) TESSERA_INLINE_CALL {
                stream_row<true>(Operand<T, N>{to.at + i, to.strides}, packed, n);
              });
  else
    stream_row<false>(to, from, length);
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
        host::run_vectorized([&]() TESSERA_INLINE_CALL {
          walk<0>(rows.counts, out, in.non_owning(),
                  [length](const auto& to, const auto& from)
                      TESSERA_INLINE_CALL { stream_row<true>(to, from, length); });
        });
      else  // takes longer to pack than to compute
        host::run_with_baseline([&]() TESSERA_INLINE_CALL {
          walk<0>(rows.counts, out, in.non_owning(),
                  [length](const auto& to, const auto& from)
                      TESSERA_INLINE_CALL { stream_strided_row(to, from, length); });
        });
      host::stream_fence();
      return;
    }
  }
  run_rows(shape, out, in);
}

}  // namespace tessera::detail
