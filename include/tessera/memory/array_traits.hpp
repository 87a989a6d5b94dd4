// Public: SharedArray. Floor 3, memory: its declaration, and its traits for xtensor.
//
// In a view or an expression, xtensor stores an array as an Array<..., Holder::expression>, which
// shares the mapping. So what was made from an array stays valid when the array ends or is moved.
#pragma once

#include <cstddef>

#include <tessera/loops/xtensor.hpp>

namespace tessera {

namespace detail {

/// A person holds a SharedArray; views and expressions of xtensor hold the other kind.
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

/// An array of T with N axes in named shared memory: row-major, and a container of xtensor.
///
///     auto a = SharedArray<double, 2>::create("a", {100, 200});  // zeros; its end removes "a"
///     auto b = SharedArray<const double, 2>::attach("a", 5s);    // elsewhere; waits up to 5 s
///     auto c = SharedArray<double, 2>::copy_of(xt::sin(a) + 1);  // a unique name: c.name()
///     auto d = SharedArray<float, 1>::copy_of("d", std::vector{1.f, 0.5f});
///
/// If T is const, the array is read-only, and so is its mapping. An array made by create, copy_of
/// or load owns its name and removes it at its end; one made by attach never removes a name. It can
/// be moved, not copied. Processes and threads may use its elements at the same time, as long as
/// nobody writes an element that another one uses. A SharedArray object is used by one thread at a
/// time.
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
