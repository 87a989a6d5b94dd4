// Public: SharedArray, declared. Floor 3, memory: what xtensor has to know of it.
//
// xtensor stores an array in a view or an expression as a Handle, which shares the mapping: what
// was made from an array stays valid when the array ends or is moved.
#pragma once

#include <cstddef>

#include <tessera/loops/xtensor.hpp>

namespace tessera {

namespace detail {

/// SharedArray is the one that a person holds; Handle is what xtensor's views and expressions hold.
enum class Holder { person, expression };

struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = default;
};
struct Copyable {};

template <class T, std::size_t N, Holder H>
class Array;

}  // namespace detail

/// An N-dimensional array of T in named shared memory, row-major, and an xtensor container.
/// `SharedArray<const T, N>` is read-only: so is its mapping. Made by create, it owns its name and
/// removes it when it ends; made by attach, it never removes anything. Moves, does not copy.
/// Several processes and threads may use the elements at once, as far as they do not race for one
/// element.
template <class T, std::size_t N>
using SharedArray = detail::Array<T, N, detail::Holder::person>;

}  // namespace tessera

namespace xt {

template <class T, std::size_t N, tessera::detail::Holder H>
struct xcontainer_inner_types<tessera::detail::Array<T, N, H>>
    : tessera::detail::StridedTypes<T, N, layout_type::row_major> {};

template <class T, std::size_t N, tessera::detail::Holder H>
struct xiterable_inner_types<tessera::detail::Array<T, N, H>>
    : xcontainer_iterable_types<tessera::detail::Array<T, N, H>> {};

}  // namespace xt

// What xt::view(a, ...), a + b and their like keep of an array that they are given by reference.
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
