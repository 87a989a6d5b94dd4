// Public: xt::sort, argsort, partition, argpartition, median of tiles. Floor 2, loops: sorts.
//
// Along an axis, they work on one slice after the other, which is several times as fast as
// xtensor's transposed copies. NaN come after all numbers, as with NumPy; a median of elements with
// a NaN is a NaN. For the rest, xtensor's functions require an expression whose
// elements have an order in memory. A tile has none, so they get a copy of it: a program that calls
// them includes xtensor's xsort.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/loops/axis_slices.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

template <class T, std::size_t N>
xt::xtensor<std::remove_const_t<T>, N, xt::layout_type::row_major> copy_of_tile(
    const TileView<T, N>& tile) {
  return tile;
}

/// An expression whose slices along an axis can be gathered.
template <class E>
concept SlicedExpression = TileExpression<E> && HasStaticRank<E> && (LoopRank<E>::value > 0);

/// A copy of `e` in which change(values, length) was done to each slice along an axis.
template <class E, class Change>
auto with_slices(const E& e, std::ptrdiff_t along, const Change& change) {
  constexpr auto rank = LoopRank<E>::value;
  using V = std::remove_cv_t<typename E::value_type>;
  const auto axis = xt::normalize_axis(rank, along);
  const auto shape = loop_extents<rank>(e);
  auto out = xt::xtensor<V, rank, xt::layout_type::row_major>::from_shape(shape);
  const auto to = broadcast_operand(out.data(), shape, out.strides(), shape);
  const auto length = static_cast<std::ptrdiff_t>(shape[axis]);
  each_axis_slice(shape, axis, make_node(e, shape), &to,
                  [&](V* values, std::size_t) { change(values, length); });
  return out;
}

template <class E>
auto sorted_slices(const E& e, std::ptrdiff_t axis) {
  return with_slices(e, axis,
                     [](auto* values, auto n) { std::sort(values, values + n, NanLast{}); });
}

/// These places of a slice of `length` elements, the last one first. `places`: a container, or one
/// number; negative ones count from the end. Throws Error(invalid_argument) for a place that is not
/// in the slice.
template <class Places>
std::vector<std::ptrdiff_t> places_from_last(const Places& places, std::ptrdiff_t length) {
  std::vector<std::ptrdiff_t> out;
  const auto add = [&](std::ptrdiff_t place) {
    if (place < -length || place >= length)
      throw Error(Errc::invalid_argument, "partition",
                  "there is no place " + std::to_string(place) + " among " +
                      std::to_string(length) + (length == 1 ? " element" : " elements"));
    out.push_back(place < 0 ? place + length : place);
  };
  if constexpr (std::is_integral_v<Places>)
    add(static_cast<std::ptrdiff_t>(places));
  else
    for (const auto place : places) add(static_cast<std::ptrdiff_t>(place));
  std::sort(out.rbegin(), out.rend());
  return out;
}

/// The places of a partition of all elements, as xtensor takes them.
template <class Places>
std::vector<std::size_t> places_of_all(const Places& places, std::size_t size) {
  const auto sorted = places_from_last(places, static_cast<std::ptrdiff_t>(size));
  return {sorted.rbegin(), sorted.rend()};
}

/// Brings the elements of these places, the last one first, to their places.
template <class It, class Less>
void part(It first, std::ptrdiff_t length, const std::vector<std::ptrdiff_t>& places,
          const Less& less) {
  auto end = length;  // what is in place already stays
  for (const auto place : places) {
    if (place == end) continue;
    std::nth_element(first, first + place, first + end, less);
    end = place;
  }
}

template <class E, class Places>
auto parted_slices(const E& e, const Places& places, std::ptrdiff_t along) {
  constexpr auto rank = LoopRank<E>::value;
  const auto axis = xt::normalize_axis(rank, along);
  const auto sorted =
      places_from_last(places, static_cast<std::ptrdiff_t>(loop_extents<rank>(e)[axis]));
  return with_slices(e, along,
                     [&](auto* values, auto n) { detail::part(values, n, sorted, NanLast{}); });
}

/// The indices of a tile's elements along an axis, after change(indices, less) for each slice.
template <class T, std::size_t N, class Change>
auto with_indices(const TileView<T, N>& tile, std::size_t axis, const Change& change) {
  using V = std::remove_const_t<T>;
  const auto& shape = tile.shape();
  auto out = xt::xtensor<std::size_t, N, xt::layout_type::row_major>::from_shape(shape);
  std::size_t step = 1;  // from an element of a slice to the next
  for (std::size_t d = axis + 1; d < N; ++d) step *= shape[d];
  std::vector<std::size_t> order(shape[axis]);
  each_axis_slice(shape, axis, make_node(tile, shape), static_cast<const Operand<V, N>*>(nullptr),
                  [&](const V* values, std::size_t number) {
                    std::iota(order.begin(), order.end(), std::size_t{0});
                    change(order, [&](auto a, auto b) { return NanLast{}(values[a], values[b]); });
                    auto at = number / step * step * order.size() + number % step;
                    for (const auto place : order) out.data()[at] = place, at += step;
                  });
  return out;
}

/// The indices of the elements of a sorted slice. Equal elements keep their order.
template <class T, std::size_t N>
auto arg_sorted_slices(const TileView<T, N>& tile, std::ptrdiff_t along) {
  return with_indices(tile, xt::normalize_axis(N, along), [](auto& order, const auto& less) {
    std::stable_sort(order.begin(), order.end(), less);
  });
}

/// The indices of the elements of a partition. (xtensor's own reads beside its memory where the
/// axis next to it has one element.)
template <class T, std::size_t N, class Places>
auto arg_parted_slices(const TileView<T, N>& tile, const Places& places, std::ptrdiff_t along) {
  const auto axis = xt::normalize_axis(N, along);
  const auto length = static_cast<std::ptrdiff_t>(tile.shape()[axis]);
  const auto sorted = places_from_last(places, length);
  return with_indices(tile, axis, [&](auto& order, const auto& less) {
    detail::part(order.begin(), length, sorted, less);
  });
}

/// The places of a list `{3, 7}`.
template <class I, std::size_t K>
std::array<I, K> as_array(const I (&places)[K]) {
  std::array<I, K> out;
  std::copy(std::begin(places), std::end(places), out.begin());
  return out;
}

/// The mean of the two elements in the middle, or the one. Changes their order.
template <class V>
double median_of(V* values, std::ptrdiff_t n) {
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  V* const middle = values + n / 2;
  std::nth_element(values, middle, values + n, NanLast{});
  if (std::any_of(middle, values + n, [](V v) { return is_nan(v); }))
    return std::numeric_limits<double>::quiet_NaN();
  if (n % 2 == 1) return static_cast<double>(*middle);
  using Sum = std::conditional_t<std::is_integral_v<V>, double, V>;  // no sum of integers overflows
  const auto below = static_cast<Sum>(*std::max_element(values, middle));
  return static_cast<double>(below + static_cast<Sum>(*middle)) / 2;
}

template <class E>
auto medians(const E& e, std::ptrdiff_t along) {
  constexpr auto rank = LoopRank<E>::value;
  using V = std::remove_cv_t<typename E::value_type>;
  const auto axis = xt::normalize_axis(rank, along);
  const auto shape = loop_extents<rank>(e);
  auto out = xt::xtensor<double, rank - 1, xt::layout_type::row_major>::from_shape(
      without_axis(shape, axis));
  const auto length = static_cast<std::ptrdiff_t>(shape[axis]);
  each_axis_slice(
      shape, axis, make_node(e, shape), static_cast<const Operand<V, rank>*>(nullptr),
      [&](V* values, std::size_t number) { out.data()[number] = median_of(values, length); });
  return out;
}

template <class... More>
inline constexpr bool is_axis = false;
template <>
inline constexpr bool is_axis<> = true;
template <class Axis>
inline constexpr bool is_axis<Axis> = std::is_integral_v<Axis>;

/// The axis that was given, or the last one.
inline std::ptrdiff_t axis_or_last() { return -1; }
template <class Axis>
std::ptrdiff_t axis_or_last(Axis axis) {
  return static_cast<std::ptrdiff_t>(axis);
}

}  // namespace tessera::detail

namespace xt {

template <class T, std::size_t N, class... More>
auto sort(const tessera::TileView<T, N>& tile, More... more) {
  if constexpr (N > 0 && tessera::detail::is_axis<More...>)
    return tessera::detail::sorted_slices(tile, tessera::detail::axis_or_last(more...));
  else
    return sort(tessera::detail::copy_of_tile(tile), more...);
}
template <class T, std::size_t N, class... More>
auto argsort(const tessera::TileView<T, N>& tile, More... more) {
  if constexpr (N > 0 && tessera::detail::is_axis<More...>)
    return tessera::detail::arg_sorted_slices(tile, tessera::detail::axis_or_last(more...));
  else
    return argsort(tessera::detail::copy_of_tile(tile), more...);
}
template <class T, std::size_t N, class Kth, class... More>
auto partition(const tessera::TileView<T, N>& tile, const Kth& kth, More... more) {
  if constexpr (N > 0 && tessera::detail::is_axis<More...>)
    return tessera::detail::parted_slices(tile, kth, tessera::detail::axis_or_last(more...));
  else
    return partition(tessera::detail::copy_of_tile(tile),
                     tessera::detail::places_of_all(kth, tile.size()), more...);
}
template <class T, std::size_t N, class I, std::size_t K, class... More>
auto partition(const tessera::TileView<T, N>& tile, const I (&kth)[K], More... more) {
  return partition(tile, tessera::detail::as_array(kth), more...);
}
template <class T, std::size_t N, class Kth, class... More>
auto argpartition(const tessera::TileView<T, N>& tile, const Kth& kth, More... more) {
  if constexpr (N > 0 && tessera::detail::is_axis<More...>)
    return tessera::detail::arg_parted_slices(tile, kth, tessera::detail::axis_or_last(more...));
  else
    return argpartition(tessera::detail::copy_of_tile(tile),
                        tessera::detail::places_of_all(kth, tile.size()), more...);
}
template <class T, std::size_t N, class I, std::size_t K, class... More>
auto argpartition(const tessera::TileView<T, N>& tile, const I (&kth)[K], More... more) {
  return argpartition(tile, tessera::detail::as_array(kth), more...);
}

template <class E>
  requires tessera::detail::SlicedExpression<E>
inline auto sort(const xexpression<E>& e, std::ptrdiff_t axis = -1) {
  return tessera::detail::sorted_slices(e.derived_cast(), axis);
}
template <class E>
  requires tessera::detail::SlicedExpression<E>
inline auto partition(const xexpression<E>& e, std::size_t kth, std::ptrdiff_t axis = -1) {
  return tessera::detail::parted_slices(e.derived_cast(), kth, axis);
}
template <class E, class Places, class = std::enable_if_t<!xtl::is_integral<Places>::value, int>>
  requires tessera::detail::SlicedExpression<E>
inline auto partition(const xexpression<E>& e, const Places& kth, std::ptrdiff_t axis = -1) {
  return tessera::detail::parted_slices(e.derived_cast(), kth, axis);
}
template <class E, class I, std::size_t K>
  requires tessera::detail::SlicedExpression<E>
inline auto partition(const xexpression<E>& e, const I (&kth)[K], std::ptrdiff_t axis = -1) {
  return tessera::detail::parted_slices(e.derived_cast(), tessera::detail::as_array(kth), axis);
}
template <class E>
  requires tessera::detail::SlicedExpression<std::remove_cvref_t<E>>
inline auto median(E&& e, std::ptrdiff_t axis) {
  return tessera::detail::medians(e, axis);
}

}  // namespace xt
