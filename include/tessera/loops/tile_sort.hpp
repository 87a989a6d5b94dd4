// Public: xt::sort, argsort, partition, argpartition of a TileView. Floor 2, loops: sorts of tiles.
//
// xtensor's functions require an expression whose elements have an order in memory. A tile has
// none, so they get a copy of it. A program that calls one includes xtensor's xsort.hpp.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tessera/loops/tile_view.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

template <class T, std::size_t N>
xt::xtensor<std::remove_const_t<T>, N, xt::layout_type::row_major> copy_of_tile(
    const TileView<T, N>& tile) {
  return tile;
}

/// As xtensor takes it: 1 as well as std::size_t{1}.
template <class Kth>
decltype(auto) as_kth(const Kth& kth) {
  if constexpr (std::is_integral_v<Kth>)
    return static_cast<std::size_t>(kth);
  else
    return (kth);
}

}  // namespace tessera::detail

namespace xt {

template <class T, std::size_t N, class... More>
auto sort(const tessera::TileView<T, N>& tile, More... more) {
  return sort(tessera::detail::copy_of_tile(tile), more...);
}
template <class T, std::size_t N, class... More>
auto argsort(const tessera::TileView<T, N>& tile, More... more) {
  return argsort(tessera::detail::copy_of_tile(tile), more...);
}
template <class T, std::size_t N, class Kth, class... More>
auto partition(const tessera::TileView<T, N>& tile, const Kth& kth, More... more) {
  return partition(tessera::detail::copy_of_tile(tile), tessera::detail::as_kth(kth), more...);
}
template <class T, std::size_t N, class Kth, class... More>
auto argpartition(const tessera::TileView<T, N>& tile, const Kth& kth, More... more) {
  return argpartition(tessera::detail::copy_of_tile(tile), tessera::detail::as_kth(kth), more...);
}

}  // namespace xt
