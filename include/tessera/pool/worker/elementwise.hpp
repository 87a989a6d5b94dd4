// Floor 4, pool/worker: the kernel of transform.
//
// It loops over the rows of a box and calls a function of elements. Neighbouring tiles can be one
// larger tile. If the arrays are larger than the caches, it stores past these. Inputs broadcast
// to the output.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/convert.hpp>
#include <tessera/grid/box.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/stream_rows.hpp>
#include <tessera/pool/kernel.hpp>

namespace tessera::detail {

/// The index along one axis, from that of the first element on.
template <std::size_t N>
IndexNode<N> index_along(std::size_t axis, const std::array<std::size_t, N>& lo) {
  IndexNode<N> out{static_cast<std::ptrdiff_t>(lo[axis]), {}};
  out.strides[axis] = 1;
  return out;
}

/// The kernel of transform: applies a function of elements to the rows of a box. With TakesIndex,
/// the function's first argument is the element's index in the output.
template <class F, bool TakesIndex = false>
struct Elementwise {
  static constexpr bool merges_tiles = true;
  static constexpr bool takes_index = TakesIndex;
  F function;
  bool streaming = false;  ///< stores past the caches: see streaming_pays

  template <class Out, class... In>
  void operator()(Out& out, In&... in) const {
    const auto& shape = out.shape();
    run(out, converting<typename Out::value_type>(function),
        make_node(std::as_const(in), shape)...);
  }
  /// The same with the index: `lo` is that of the box's first element.
  template <class Out, class... In>
  void at(const typename Out::Extents& lo, Out& out, In&... in) const {
    constexpr std::size_t N = std::tuple_size_v<typename Out::Extents>;
    const auto& shape = out.shape();
    [&]<std::size_t... Axis>(std::index_sequence<Axis...>) {
      const auto with_index = [f = function](const auto&... given) {
        const auto all = std::tie(given...);
        const std::array<std::size_t, sizeof...(Axis)> index{
            static_cast<std::size_t>(std::get<Axis>(all))...};
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
          return f(index, std::get<sizeof...(Axis) + I>(all)...);
        }(std::make_index_sequence<sizeof...(In)>{});
      };
      run(out, converting<typename Out::value_type>(with_index), index_along<N>(Axis, lo)...,
          make_node(std::as_const(in), shape)...);
    }(std::make_index_sequence<N>{});
  }

 private:
  /// F may return anything that converts to an element. A float that becomes an integer is
  /// converted in the loop, which handles values outside the integer's range.
  template <class Value, class Function>
  static auto converting(const Function& given) {
    return [f = given](const auto&... value) {
      using Given = std::remove_cvref_t<decltype(f(value...))>;
      if constexpr (converts_in_part<Value, Given>)
        return f(value...);
      else
        return static_cast<Value>(f(value...));
    };
  }
  template <class Out, class Function, class... Nodes>
  void run(Out& out, const Function& f, const Nodes&... nodes) const {
    const Applied<Function, Nodes...> from{f, {nodes...}};
    if (streaming)
      stream_rows(out.shape(), out.operand(), from);
    else
      run_rows(out.shape(), out.operand(), from);
  }
};

/// Makes the kernel of transform. allow_addresses may wrap the function.
template <bool TakesIndex, class F>
auto elementwise(F function, bool streaming) {
  if constexpr (addresses_allowed<F>) {
    return allow_addresses(
        Elementwise<decltype(function.kernel), TakesIndex>{function.kernel, streaming});
  } else {
    return Elementwise<F, TakesIndex>{std::move(function), streaming};
  }
}

}  // namespace tessera::detail
