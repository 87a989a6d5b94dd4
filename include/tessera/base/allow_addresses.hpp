// Public: allow_addresses. Floor 0, base: turns off the search for addresses in what workers call.
#pragma once

#include <type_traits>
#include <utility>

namespace tessera {

/// A kernel whose bytes are not searched for addresses. A real address in it is wrong in a worker.
template <class K>
struct AllowAddresses {
  K kernel;  ///< the kernel itself
};
/// Turns the search for captured addresses off, for a kernel that holds a number which looks like
/// an address of this process:
///
///     pool.map({4, 4}, allow_addresses([key](auto v) { v = key; }), into(a));
template <class K>
AllowAddresses<std::decay_t<K>> allow_addresses(K&& kernel) {
  return {std::forward<K>(kernel)};
}

namespace detail {

template <class K>
inline constexpr bool addresses_allowed = false;
template <class K>
inline constexpr bool addresses_allowed<AllowAddresses<K>> = true;

template <class K>
const auto& unwrapped(const K& kernel) {
  if constexpr (addresses_allowed<K>)
    return kernel.kernel;
  else
    return kernel;
}

template <class F>
using Unwrapped = std::decay_t<decltype(unwrapped(std::declval<const F&>()))>;

}  // namespace detail
}  // namespace tessera
