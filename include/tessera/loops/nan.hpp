// Floor 2, loops: whether an element is a NaN.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <tessera/base/config.hpp>

namespace tessera::detail {

// With -ffast-math a compiler takes no value for a NaN or infinite, and clang warns of who asks.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
inline constexpr bool finite_math = true;
#else
inline constexpr bool finite_math = false;
#endif

/// True if v is a NaN, with -ffast-math too if it is a float or a double. It takes every type.
template <class T>
TESSERA_INLINE bool is_nan([[maybe_unused]] const T& v) {
  if constexpr (finite_math && std::is_same_v<T, float>)
    return (std::bit_cast<std::uint32_t>(v) & 0x7fffffff) > 0x7f800000;
  else if constexpr (finite_math && std::is_same_v<T, double>)
    return (std::bit_cast<std::uint64_t>(v) & 0x7fffffffffffffff) > 0x7ff0000000000000;
  else if constexpr (!finite_math && std::is_floating_point_v<T>)
    return std::isnan(v);
  else
    return false;
}

/// `v`, or `instead` if v is a NaN. For float it takes masks of bits: gcc does not vectorise the
/// comparison, which could trap, next to a conversion to double.
template <class T>
TESSERA_INLINE T if_number(const T& v, T instead) {
  if constexpr (std::is_same_v<T, float>) {
    const auto bits = std::bit_cast<std::int32_t>(v);
    const std::int32_t mask = (bits & 0x7fffffff) <= 0x7f800000 ? -1 : 0;
    return std::bit_cast<float>((bits & mask) | (std::bit_cast<std::int32_t>(instead) & ~mask));
  } else {
    return is_nan(v) ? instead : v;
  }
}

}  // namespace tessera::detail
