// Floor 2, loops: the only header that includes xtensor.
//
// From 0.26 on xtensor's headers are in folders of their own; the names inside are the same.
#pragma once

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xbuffer_adaptor.hpp>
#include <xtensor/containers/xcontainer.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/core/xsemantic.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xbuffer_adaptor.hpp>
#include <xtensor/xcontainer.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xsemantic.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace tessera::detail {

/// The types that xtensor requires of a container: N strided axes over memory that it does not own.
template <class T, std::size_t N, xt::layout_type L>
struct StridedTypes {
  using storage_type =
      xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;
  using reference = T&;
  using const_reference = const T&;
  using size_type = std::size_t;
  using shape_type = std::array<std::size_t, N>;
  using strides_type = std::array<std::ptrdiff_t, N>;
  using backstrides_type = strides_type;
  using inner_shape_type = shape_type;
  using inner_strides_type = strides_type;
  using inner_backstrides_type = backstrides_type;
  using temporary_type = xt::xtensor<std::remove_const_t<T>, N, xt::layout_type::row_major>;
  static constexpr xt::layout_type layout = L;
};

}  // namespace tessera::detail
