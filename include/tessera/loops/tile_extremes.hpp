// Public: xt::argmin, argmax of expressions that read tiles. Floor 2, loops: places of extremes, in
// one pass over the rows.
//
// The overloads here have xtensor's parameters and add a constraint. Of equal elements the first
// one counts; a NaN counts before all numbers, as with NumPy.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/loops/fold_rows.hpp>
#include <tessera/loops/folds.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/reduce_rows.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

struct PlacedAt {
  template <class V>
  Placed<V> operator()(const V& value, std::ptrdiff_t place) const {
    return {value, static_cast<std::size_t>(place)};
  }
};

/// The places, by these strides, of the extremes over the reduced axes.
template <bool Greatest, std::size_t N, class E>
void extreme_places(const E& e, const ReducedAxes<N>& reduced,
                    const std::array<std::ptrdiff_t, N>& strides, std::size_t* out) {
  const auto shape = loop_extents<N>(e);
  const auto node = make_node(e, shape);
  using Node = std::decay_t<decltype(node.non_owning())>;
  const PlaceFold<ValueOf<Node>, Greatest> fold;
  reduce_rows(shape, reduced, out,
              Applied<PlacedAt, Node, IndexNode<N>>{{}, {node.non_owning(), {0, strides}}},
              fold.identity(), fold);
}

/// Throws Error(invalid_argument): where nothing is, there is no place of an extreme.
[[noreturn]] inline void refuse_no_elements() {
  throw Error(Errc::invalid_argument, "argmin, argmax", "there are no elements",
              "look at the extents first");
}

/// argmin (Greatest: argmax) along an axis. Throws std::runtime_error, as xtensor, for an axis that
/// the expression does not have; Error(invalid_argument) for an axis without elements.
template <bool Greatest, class E>
auto extreme_along(const E& e, std::ptrdiff_t along) {
  constexpr auto rank = LoopRank<E>::value;
  const auto axis = xt::normalize_axis(rank, along);
  const auto shape = loop_extents<rank>(e);
  if (shape[axis] == 0) refuse_no_elements();
  ReducedAxes<rank> reduced{};
  reduced[axis] = true;
  std::array<std::ptrdiff_t, rank> strides{};
  strides[axis] = 1;
  auto out = xt::xtensor<std::size_t, rank - 1, xt::layout_type::row_major>::from_shape(
      without_axis(shape, axis));
  extreme_places<Greatest>(e, reduced, strides, out.data());
  return out;
}

/// The row-major (Order: or column-major) number of the least (Greatest: the greatest) element.
template <bool Greatest, xt::layout_type Order, class E>
auto extreme_of_all(const E& e) {
  constexpr auto rank = LoopRank<E>::value;
  if (e.size() == 0) refuse_no_elements();
  ReducedAxes<rank> reduced;
  reduced.fill(true);
  std::array<std::ptrdiff_t, rank> strides{};
  std::ptrdiff_t n = 1;
  for (std::size_t k = 0; k < rank; ++k) {
    const auto d = Order == xt::layout_type::column_major ? k : rank - 1 - k;
    strides[d] = n;
    n *= static_cast<std::ptrdiff_t>(e.shape()[d]);
  }
  xt::xtensor<std::size_t, 0> out;
  extreme_places<Greatest>(e, reduced, strides, out.data());
  return out;
}

}  // namespace tessera::detail

namespace xt {

template <layout_type L = XTENSOR_DEFAULT_TRAVERSAL, class E>
  requires(tessera::detail::TileExpression<E> && tessera::detail::HasStaticRank<E>)
inline auto argmin(const xexpression<E>& e) {
  return tessera::detail::extreme_of_all<false, L>(e.derived_cast());
}
template <layout_type L = XTENSOR_DEFAULT_TRAVERSAL, class E>
  requires(tessera::detail::TileExpression<E> && tessera::detail::HasStaticRank<E>)
inline auto argmax(const xexpression<E>& e) {
  return tessera::detail::extreme_of_all<true, L>(e.derived_cast());
}
template <layout_type L = XTENSOR_DEFAULT_TRAVERSAL, class E>
  requires(tessera::detail::TileExpression<E> && tessera::detail::HasStaticRank<E>)
inline auto argmin(const xexpression<E>& e, std::ptrdiff_t axis) {
  return tessera::detail::extreme_along<false>(e.derived_cast(), axis);
}
template <layout_type L = XTENSOR_DEFAULT_TRAVERSAL, class E>
  requires(tessera::detail::TileExpression<E> && tessera::detail::HasStaticRank<E>)
inline auto argmax(const xexpression<E>& e, std::ptrdiff_t axis) {
  return tessera::detail::extreme_along<true>(e.derived_cast(), axis);
}

}  // namespace xt
