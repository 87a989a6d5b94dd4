// Floor 2, loops: the traits of TileView for xtensor.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <tessera/loops/tile_fwd.hpp>
#include <tessera/loops/tile_iterator.hpp>
#include <tessera/loops/xtensor.hpp>

namespace xt {

template <class T, std::size_t N>
struct xcontainer_inner_types<tessera::TileView<T, N>> {
  using reference = T&;
  using const_reference = const T&;
  using size_type = std::size_t;
  using temporary_type = xtensor<std::remove_const_t<T>, N, layout_type::row_major>;
  static constexpr layout_type layout = layout_type::dynamic;
};

template <class T, std::size_t N>
struct xiterable_inner_types<tessera::TileView<T, N>> {
  using inner_shape_type = std::array<std::size_t, N>;
  using stepper = tessera::detail::TileStepper<T, N, T>;
  using const_stepper = tessera::detail::TileStepper<T, N, const T>;
};

}  // namespace xt
