// Floor 2, loops: the only header that includes xtensor.
//
// From 0.26 on xtensor's headers are in folders of their own; the names inside are the same.
#pragma once

#include <exception>  // xtl/xspan_impl.hpp uses std::terminate, and libc++ does not bring it

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
#include <xtensor/xstorage.hpp>
#include <xtensor/xtensor_config.hpp>
#if defined(__clang__) && __clang_major__ >= 19
// From version 19 on clang finds two of xtensor's specializations for the shape of an xarray, of
// which none is more special. This one is.
namespace xt {
template <class X, class T, std::size_t N>
struct rebind_container<X, svector<T, N, std::allocator<T>, true>> {
  using type = svector<X, N>;
};
}  // namespace xt
#endif
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

/// What xtensor's own functions say "not" with. An overload that says it in other words would be
/// ambiguous with them.
#if XTENSOR_VERSION_MAJOR == 0 && XTENSOR_VERSION_MINOR < 26
template <class B>
using Not = xtl::negation<B>;
#else
template <class B>
using Not = std::negation<B>;
#endif

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
