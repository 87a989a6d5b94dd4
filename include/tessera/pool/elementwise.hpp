// Floor 3, pool: what transform does with a function of elements.
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
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/memory/row_loop.hpp>
#include <tessera/memory/stream_rows.hpp>
#include <tessera/pool/kernel.hpp>

namespace tessera::detail {

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
    // Wrapped, since F may return anything that converts to an element.
    const auto convert = [f = function](const auto&... value) {
      return static_cast<Value>(f(value...));
    };
    const auto& shape = out.shape();
    const Operand<Value, N> to{out.data(), out.strides()};
    const Applied<decltype(convert), Operand<const typename In::value_type, N>...> from{
        convert, {broadcast_operand(std::as_const(in).data(), in.shape(), in.strides(), shape)...}};
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

/// True where the output is better written past the caches.
template <class Out, class... In>
bool streams(const Out& out, const In&... in) {
  const auto bytes = [](const auto& section) {
    std::size_t n = sizeof(*section.data);
    for (const auto extent : section.shape) n *= extent;
    return n;
  };
  return ((in.segment->file_id() != out.segment->file_id()) && ...) &&
         streaming_pays((bytes(out) + ... + bytes(in)));
}

/// Boxes of whole trailing axes, long rows first: a few for each worker, none too small to be
/// worth a claim nor too large for a core's cache.
template <std::size_t N>
std::array<std::size_t, N> boxes_for(const std::array<std::size_t, N>& shape, std::size_t workers) {
  std::size_t size = 1;
  for (const auto extent : shape) size *= extent;
  const std::size_t target = std::clamp<std::size_t>(size / (workers * 32) + 1, 1024, 16384);
  std::array<std::size_t, N> box;
  box.fill(1);
  std::size_t elements = 1;
  for (std::size_t d = N; d-- > 0 && elements < target;) {
    box[d] = std::max<std::size_t>(1, std::min(shape[d], (target + elements - 1) / elements));
    elements *= box[d];
    if (box[d] < shape[d]) break;
  }
  return box;
}

}  // namespace tessera::detail
