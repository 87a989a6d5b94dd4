// Public: xt::mean of integers, xt::variance, stddev, nanmean, nanvar, nanstd, count_nonzero,
// minmax, any, all of expressions that read tiles. Floor 2, loops: what xtensor computes in several
// passes, in one.
//
// xtensor builds these functions of others, or copies the whole expression first. For expressions
// that read a TileView, the overloads here are preferred: they have xtensor's parameters and add a
// constraint. Axes are sorted and distinct, as everywhere in xtensor.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/loops/folds.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/tile_reducer.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

template <class T>
using DoubleIfVoid = std::conditional_t<std::is_void_v<T>, double, T>;

/// An expression with tiles whose statistics are computed in double: of elements that are no wider.
template <class E, class T>
concept StatisticsInDouble =
    TileExpression<E> && std::is_arithmetic_v<typename std::decay_t<E>::value_type> &&
    std::is_arithmetic_v<DoubleIfVoid<T>> &&
    !std::is_same_v<typename std::decay_t<E>::value_type, long double> &&
    !std::is_same_v<T, long double>;

/// An expression with tiles of integers.
template <class E>
concept IntegersOfTiles =
    TileExpression<E> && std::is_integral_v<typename std::decay_t<E>::value_type>;

/// In what integers are summed for their mean: xtensor's own sum of them overflows.
template <class E>
using WideSum =
    std::conditional_t<sizeof(typename std::decay_t<E>::value_type) < 8, std::int64_t, double>;

/// The means, of the sums of `size` elements in all.
template <class Sums>
auto mean_of(Sums&& sums, std::size_t size) {
  const auto each = sums.size() == 0 ? 0 : size / sums.size();
  return std::forward<Sums>(sums) / static_cast<double>(each);
}

/// All axes of an expression.
template <class E>
auto all_axes(const E& e) {
  xt::xindex_type_t<typename std::decay_t<E>::shape_type> axes;
  xt::resize_container(axes, e.dimension());
  for (std::size_t d = 0; d < e.dimension(); ++d) axes[d] = d;
  return axes;
}

/// The reduction by a functor that names a fold. Of the options, keep_dims counts; immediate ones
/// give the values, as xtensor's do.
template <class Value, class Functor, class E, class Axes, class Options>
auto reduce_by(const Functor& functor, E&& e, Axes&& axes, const Options&) {
  using Given = xt::reducer_options<Value, Options>;
  const auto options = [] {
    if constexpr (Given::keep_dims::value)
      return std::tuple<xt::evaluation_strategy::lazy_type, xt::keep_dims_type>{};
    else
      return std::tuple<xt::evaluation_strategy::lazy_type>{};
  }();
  auto reducer = xt::reduce(xt::make_xreducer_functor(functor, xt::const_value<Value>(Value{})),
                            std::forward<E>(e), std::forward<Axes>(axes), options);
  if constexpr (std::is_same_v<typename Given::evaluation_strategy,
                               xt::evaluation_strategy::immediate_type>)
    return reducer.values();
  else
    return reducer;
}

template <bool SkipNaN, class T, class E, class Axes, class D, class Options>
auto variance_over(E&& e, const Axes& axes, const D& ddof, const Options& options) {
  return reduce_by<DoubleIfVoid<T>>(Variance<SkipNaN>{static_cast<double>(ddof)},
                                    std::forward<E>(e), axes, options);
}

/// True if `test` holds for an element. It stops soon after the first one.
template <class E, class Test>
bool any_element(const E& e, const Test& test) {
  if constexpr (!HasStaticRank<E>) return std::any_of(e.cbegin(), e.cend(), test);
  constexpr auto rank = LoopRank<E>::value;
  auto shape = loop_extents<rank>(e);
  if (product_of(shape) == 0) return false;
  const auto node = make_node(e, shape);
  ReducedAxes<rank> reduced;
  reduced.fill(true);
  auto at = Applied<Test, std::decay_t<decltype(node.non_owning())>>{test, {node.non_owning()}};
  const CountFold<std::size_t> fold;
  const auto found = [&] {
    std::size_t count = 0;
    reduce_rows(shape, reduced, &count, at, fold.identity(), fold);
    return count != 0;
  };
  if constexpr (rank == 0) {
    return found();
  } else {
    constexpr std::size_t at_a_time = 4096;  // elements, at least
    const auto length = shape[0];
    const auto steps = at_a_time / (product_of(shape) / length) + 1;
    for (std::size_t i = 0; i < length; i += steps) {
      shape[0] = (std::min)(steps, length - i);
      if (found()) return true;
      at.step(0, static_cast<std::ptrdiff_t>(steps));
    }
    return false;
  }
}

}  // namespace tessera::detail

namespace xt {

template <class T = void, class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(tessera::detail::Not<is_reducer_options<X>>)>
  requires(tessera::detail::IntegersOfTiles<E> && std::is_void_v<T>)
inline auto mean(E&& e, X&& axes, EVS es = EVS()) {
  const auto size = e.size();
  if constexpr (std::is_integral_v<std::decay_t<X>>) {  // of which xtensor's sum forgets the type
    const std::array<std::ptrdiff_t, 1> list{static_cast<std::ptrdiff_t>(axes)};
    return tessera::detail::mean_of(sum<tessera::detail::WideSum<E>>(std::forward<E>(e), list, es),
                                    size);
  } else {
    return tessera::detail::mean_of(
        sum<tessera::detail::WideSum<E>>(std::forward<E>(e), std::forward<X>(axes), es), size);
  }
}

template <class T = void, class E, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>)>
  requires(tessera::detail::IntegersOfTiles<E> && std::is_void_v<T>)
inline auto mean(E&& e, EVS es = EVS()) {
  const auto size = e.size();
  return tessera::detail::mean_of(sum<tessera::detail::WideSum<E>>(std::forward<E>(e), es), size);
}

template <class T = void, class E, class I, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>
  requires(tessera::detail::IntegersOfTiles<E> && std::is_void_v<T>)
inline auto mean(E&& e, const I (&axes)[N], EVS es = EVS()) {
  const auto size = e.size();
  return tessera::detail::mean_of(sum<tessera::detail::WideSum<E>>(std::forward<E>(e), axes, es),
                                  size);
}

template <class T = void, class E, class D, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>, xtl::is_integral<D>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto variance(E&& e, D const& ddof, EVS es = EVS()) {
  const auto axes = tessera::detail::all_axes(e);
  return tessera::detail::variance_over<false, T>(std::forward<E>(e), axes, ddof, es);
}

template <class T = void, class E, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto variance(E&& e, EVS es = EVS()) {
  const auto axes = tessera::detail::all_axes(e);
  return tessera::detail::variance_over<false, T>(std::forward<E>(e), axes, 0u, es);
}

template <class T = void, class E, class X, class D, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(tessera::detail::Not<is_reducer_options<X>>, xtl::is_integral<D>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto variance(E&& e, X&& axes, const D& ddof, EVS es = EVS()) {
  return tessera::detail::variance_over<false, T>(std::forward<E>(e), normalize_axis(e, axes), ddof,
                                                  es);
}

template <class T = void, class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(tessera::detail::Not<is_reducer_options<X>>,
                       tessera::detail::Not<xtl::is_integral<std::decay_t<X>>>,
                       is_reducer_options<EVS>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto variance(E&& e, X&& axes, EVS es = EVS()) {
  return tessera::detail::variance_over<false, T>(std::forward<E>(e), normalize_axis(e, axes), 0u,
                                                  es);
}

template <class T = void, class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(tessera::detail::Not<is_reducer_options<X>>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto nanmean(E&& e, X&& axes, EVS es = EVS()) {
  return tessera::detail::reduce_by<tessera::detail::DoubleIfVoid<T>>(
      tessera::detail::NanMean{}, std::forward<E>(e), std::forward<X>(axes), es);
}

template <class T = void, class E, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto nanmean(E&& e, EVS es = EVS()) {
  const auto axes = tessera::detail::all_axes(e);
  return nanmean<T>(std::forward<E>(e), axes, es);
}

template <class T = void, class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(tessera::detail::Not<is_reducer_options<X>>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto nanvar(E&& e, X&& axes, EVS es = EVS()) {
  return tessera::detail::variance_over<true, T>(std::forward<E>(e), normalize_axis(e, axes), 0u,
                                                 es);
}

template <class T = void, class E, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>)>
  requires tessera::detail::StatisticsInDouble<E, T>
inline auto nanvar(E&& e, EVS es = EVS()) {
  const auto axes = tessera::detail::all_axes(e);
  return tessera::detail::variance_over<true, T>(std::forward<E>(e), axes, 0u, es);
}

template <class E, class EVS = DEFAULT_STRATEGY_REDUCERS, XTL_REQUIRES(is_reducer_options<EVS>)>
  requires tessera::detail::TileExpression<E>
inline auto count_nonzero(E&& e, EVS es = EVS()) {
  const auto axes = tessera::detail::all_axes(e);
  return tessera::detail::reduce_by<std::size_t>(tessera::detail::CountNonzero{},
                                                 std::forward<E>(e), axes, es);
}

template <class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(tessera::detail::Not<is_reducer_options<X>>,
                       tessera::detail::Not<xtl::is_integral<X>>)>
  requires tessera::detail::TileExpression<E>
inline auto count_nonzero(E&& e, X&& axes, EVS es = EVS()) {
  return tessera::detail::reduce_by<std::size_t>(tessera::detail::CountNonzero{},
                                                 std::forward<E>(e), std::forward<X>(axes), es);
}

template <class E, class I, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>
  requires tessera::detail::TileExpression<E>
inline auto count_nonzero(E&& e, const I (&axes)[N], EVS es = EVS()) {
  return tessera::detail::reduce_by<std::size_t>(tessera::detail::CountNonzero{},
                                                 std::forward<E>(e), axes, es);
}

template <class E, class EVS = DEFAULT_STRATEGY_REDUCERS, XTL_REQUIRES(is_reducer_options<EVS>)>
  requires(tessera::detail::TileExpression<E> &&
           std::is_arithmetic_v<typename std::decay_t<E>::value_type>)
inline auto minmax(E&& e, EVS es = EVS()) {
  using Value = std::array<typename std::decay_t<E>::value_type, 2>;
  const auto axes = tessera::detail::all_axes(e);
  return tessera::detail::reduce_by<Value>(tessera::detail::MinMax{}, std::forward<E>(e), axes, es);
}

template <class E>
  requires tessera::detail::TileExpression<E>
inline bool any(E&& e) {
  return tessera::detail::any_element(e, [](const auto& v) { return static_cast<bool>(v); });
}
template <class E>
  requires tessera::detail::TileExpression<E>
inline bool all(E&& e) {
  return !tessera::detail::any_element(e, [](const auto& v) { return !static_cast<bool>(v); });
}

}  // namespace xt
