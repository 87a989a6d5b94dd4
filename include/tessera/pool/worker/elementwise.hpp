// Floor 4, pool/worker: what transform does with a function of elements.
//
// It becomes a kernel to which neighbouring tiles are one larger tile: a loop over the rows of a
// box, past the caches where the arrays are far larger than these. Inputs broadcast to the output;
// which boxes there are is the pool's choice.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/convert.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/stream_rows.hpp>
#include <tessera/pool/kernel.hpp>

namespace tessera::detail {

/// What stands where a tile shape may, in front of an output.
template <class T>
inline constexpr bool is_tile_shape = false;
template <std::size_t R>
inline constexpr bool is_tile_shape<std::array<std::size_t, R>> = true;

/// transform's kernel: a function of elements, as a loop over the rows of a box.
template <class F>
struct Elementwise {
  static constexpr bool merges_tiles = true;
  F function;
  bool streaming = false;  ///< past the caches: see streaming_pays

  template <class Out, class... In>
  void operator()(Out& out, In&... in) const {
    using Value = typename Out::value_type;
    constexpr std::size_t N = std::tuple_size_v<typename Out::Extents>;
    // Wrapped, since F may return anything that converts to an element. Floats become integers in
    // the loop, which knows what to do with those outside the range.
    const auto convert = [f = function](const auto&... value) {
      using Given = std::remove_cvref_t<decltype(f(value...))>;
      if constexpr (converts_in_part<Value, Given>)
        return f(value...);
      else
        return static_cast<Value>(f(value...));
    };
    const auto& shape = out.shape();
    const auto to = out.operand();
    const Applied<decltype(convert), Operand<const typename In::value_type, N>...> from{
        convert, {make_node(std::as_const(in), shape)...}};
    if (streaming)
      stream_rows(shape, to, from);
    else
      run_rows(shape, to, from);
  }
};

/// transform's kernel for a user's function, which allow_addresses may wrap.
template <class F>
auto elementwise(F function, bool streaming) {
  if constexpr (addresses_allowed<F>) {
    return allow_addresses(Elementwise<decltype(function.kernel)>{function.kernel, streaming});
  } else {
    check_kernel_travels<F>();
    return Elementwise<F>{std::move(function), streaming};
  }
}

/// Throws Error(shape_mismatch) unless `in` broadcasts to the shape of `out`.
template <class In, class Out>
void check_broadcasts(const In& in, const Out& out) {
  for (std::size_t k = 0; k < In::rank; ++k) {
    const auto extent = in.shape[In::rank - 1 - k], target = out.shape[Out::rank - 1 - k];
    if (extent != 1 && extent != target)
      throw Error(Errc::shape_mismatch, "TiledPool",
                  "an input of transform (" + in.segment->subject() + ") does not line up with " +
                      "its output (" + out.segment->subject() + "): extents " +
                      std::to_string(extent) + " and " + std::to_string(target) + " on axis -" +
                      std::to_string(k + 1),
                  "inputs broadcast to the output's shape by their trailing axes");
  }
}

/// True where the output is in other memory than every input.
template <class Out, class... In>
bool apart(const Out& out, const In&... in) {
  return ((in.segment->file_id() != out.segment->file_id()) && ...);
}

/// True where the output is better written past the caches.
template <class Out, class... In>
bool streams(const Out& out, const In&... in) {
  const auto bytes = [](const auto& section) {
    return sizeof(*section.data) * product_of(section.shape);
  };
  return apart(out, in...) && streaming_pays((bytes(out) + ... + bytes(in)));
}

/// A tile shape of the trailing R axes as one of all axes: the others whole.
template <std::size_t N, std::size_t R>
std::array<std::size_t, N> with_whole_axes(const std::array<std::size_t, R>& tile) {
  std::array<std::size_t, N> out;
  out.fill(full);
  std::copy(tile.begin(), tile.end(), out.end() - R);
  return out;
}

/// The same with the other axes cut into equal parts, so that neighbours together are contiguous
/// slabs of memory: parts no smaller than what a claim costs little for.
template <std::size_t N, std::size_t R>
std::array<std::size_t, N> with_cut_axes(const std::array<std::size_t, R>& tile,
                                         const std::array<std::size_t, N>& shape) {
  constexpr std::size_t least = 512;  // elements
  auto out = with_whole_axes<N>(tile);
  std::size_t elements = 1;
  for (std::size_t d = N; d-- > 0;) {
    const auto extent = std::max<std::size_t>(1, shape[d]);
    if (d < N - R) {
      const auto most = (least + elements - 1) / elements, parts = (extent + most - 1) / most;
      out[d] = (extent + parts - 1) / parts;
    }
    elements *= (std::min)(out[d], extent);
    if (d < N - R && out[d] < extent) elements = (std::max)(elements, least);
  }
  return out;
}

/// Boxes of whole trailing axes, long rows first: a few for each worker, none too small to be
/// worth a claim nor too large for a core's cache.
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

}  // namespace tessera::detail
