// Public: SharedArray. Floor 3, memory: its declaration. Without xtensor.
#pragma once

#include <cstddef>

namespace tessera {

class AnyArray;

namespace detail {

/// A person holds a SharedArray; views and expressions of xtensor hold the other kind.
enum class Holder { person, expression };

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
template <class T, std::size_t N, detail::Holder H = detail::Holder::person>
class SharedArray;

}  // namespace tessera
