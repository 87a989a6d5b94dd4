// Floor 3, memory: the traits of SharedArray for xtensor.
//
// In a view or an expression, xtensor stores an array as a SharedArray<..., Holder::expression>,
// which shares the mapping. So what was made from an array stays valid when the array ends or is
// moved.
#pragma once

#include <cstddef>
#include <tuple>

#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/array_fwd.hpp>

namespace tessera::detail {

struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = default;
};
struct Copyable {};

/// False for an expression whose shape has another length than N at compile time. To compile its
/// assignment to an array of N axes, which always throws, gets warnings of gcc's.
template <class E, std::size_t N>
inline constexpr bool may_have_rank = true;
template <class E, std::size_t N>
  requires requires { std::tuple_size<typename E::shape_type>::value; }
inline constexpr bool may_have_rank<E, N> = std::tuple_size_v<typename E::shape_type> == N;

}  // namespace tessera::detail

namespace xt {

template <class T, std::size_t N, tessera::detail::Holder H>
struct xcontainer_inner_types<tessera::SharedArray<T, N, H>>
    : tessera::detail::StridedTypes<T, N, layout_type::row_major> {};

template <class T, std::size_t N, tessera::detail::Holder H>
struct xiterable_inner_types<tessera::SharedArray<T, N, H>>
    : xcontainer_iterable_types<tessera::SharedArray<T, N, H>> {};

}  // namespace xt

// What xt::view(a, ...), a + b and the like store of an array that is passed by reference.
template <class T, std::size_t N>
struct xtl::closure_type<tessera::SharedArray<T, N>&> {
  using type = tessera::SharedArray<T, N, tessera::detail::Holder::expression>;
};
template <class T, std::size_t N>
struct xtl::closure_type<const tessera::SharedArray<T, N>&> {
  using type = tessera::SharedArray<const T, N, tessera::detail::Holder::expression>;
};
template <class T, std::size_t N>
struct xtl::const_closure_type<tessera::SharedArray<T, N>&>
    : xtl::closure_type<const tessera::SharedArray<T, N>&> {};
template <class T, std::size_t N>
struct xtl::const_closure_type<const tessera::SharedArray<T, N>&>
    : xtl::closure_type<const tessera::SharedArray<T, N>&> {};
