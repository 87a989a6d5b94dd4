// Floor 4, pool/worker: the kernel of transform.
//
// It loops over the rows of a box and calls a function of elements. Neighbouring tiles can be one
// larger tile. If the arrays are far larger than the caches, it stores past these. Inputs broadcast
// to the output.
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

/// The kernel of transform: applies a function of elements to the rows of a box.
template <class F>
struct Elementwise {
  static constexpr bool merges_tiles = true;
  F function;
  bool streaming = false;  ///< stores past the caches: see streaming_pays

  template <class Out, class... In>
  void operator()(Out& out, In&... in) const {
    using Value = typename Out::value_type;
    constexpr std::size_t N = std::tuple_size_v<typename Out::Extents>;
    // F may return anything that converts to an element. A float that becomes an integer is
    // converted in the loop, which handles values outside the integer's range.
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

/// Makes the kernel of transform. allow_addresses may wrap the function.
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
