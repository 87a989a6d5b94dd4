// Floor 4, pool/worker: what transform does with a function of elements.
//
// It becomes a kernel to which neighbouring tiles are one larger tile: a loop over the rows of a
// box, with stores past the caches where the arrays are far larger than these. Inputs broadcast to
// the output.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/convert.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/stream_rows.hpp>
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

}  // namespace tessera::detail
