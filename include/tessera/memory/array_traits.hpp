// Floor 3, memory: the traits of SharedArray for xtensor.
//
// In a view or an expression, xtensor stores an array as an Array<..., Holder::expression>, which
// shares the mapping. So what was made from an array stays valid when the array ends or is moved.
#pragma once

#include <cstddef>

#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/array_fwd.hpp>

namespace tessera::detail {

struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = default;
};
struct Copyable {};

}  // namespace tessera::detail

namespace xt {

template <class T, std::size_t N, tessera::detail::Holder H>
struct xcontainer_inner_types<tessera::detail::Array<T, N, H>>
    : tessera::detail::StridedTypes<T, N, layout_type::row_major> {};

template <class T, std::size_t N, tessera::detail::Holder H>
struct xiterable_inner_types<tessera::detail::Array<T, N, H>>
    : xcontainer_iterable_types<tessera::detail::Array<T, N, H>> {};

}  // namespace xt

// What xt::view(a, ...), a + b and the like store of an array that is passed by reference.
template <class T, std::size_t N>
struct xtl::closure_type<tessera::SharedArray<T, N>&> {
  using type = tessera::detail::Array<T, N, tessera::detail::Holder::expression>;
};
template <class T, std::size_t N>
struct xtl::closure_type<const tessera::SharedArray<T, N>&> {
  using type = tessera::detail::Array<const T, N, tessera::detail::Holder::expression>;
};
template <class T, std::size_t N>
struct xtl::const_closure_type<tessera::SharedArray<T, N>&>
    : xtl::closure_type<const tessera::SharedArray<T, N>&> {};
template <class T, std::size_t N>
struct xtl::const_closure_type<const tessera::SharedArray<T, N>&>
    : xtl::closure_type<const tessera::SharedArray<T, N>&> {};
