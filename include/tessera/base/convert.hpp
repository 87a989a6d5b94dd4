// Floor 0, base: conversions of elements, defined for every value.
//
// C++ leaves open what a float outside an integer's range becomes, and compilers use that: the
// vector body of a loop and its last elements differ. Here each value has one result. Blocks are
// looked over first, which is cheap, so that only a block with such a value costs more.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// True of conversions that C++ does not define for all values: from float or double to integers.
template <class T, class Value>
inline constexpr bool converts_in_part =
    std::floating_point<Value> && std::integral<T> && !std::same_as<T, bool>;

/// The first number beyond the range of an integer T, a power of two.
template <class T, class Value>
inline constexpr Value beyond_range =
    static_cast<Value>((std::numeric_limits<T>::max)() / 2 + 1) * Value(2);

/// `value` as a T, as by static_cast; but what is outside the range of an integer T becomes the
/// end of the range that is nearest, and NaN becomes 0.
template <class T, class Value>
TESSERA_INLINE constexpr T converted(const Value& value) {
  if constexpr (converts_in_part<T, Value>) {
    using Limits = std::numeric_limits<T>;
    if (value >= beyond_range<T, Value>) return (Limits::max)();
    if (value > static_cast<Value>((Limits::min)())) return static_cast<T>(value);
    return value != value ? T{0} : (Limits::min)();  // NOLINT(misc-redundant-expression): NaN
  } else {
    return static_cast<T>(value);
  }
}

/// to[i] = converted(from[i]) for n elements.
template <std::size_t n, class T, class Value>
TESSERA_INLINE void convert_block(const Value* from, T* to) {
  if constexpr (converts_in_part<T, Value> && sizeof(Value) <= 8) {
    using Bits = std::conditional_t<sizeof(Value) == 4, std::int32_t, std::int64_t>;
    constexpr Bits all = (std::numeric_limits<Bits>::max)();
    constexpr Bits beyond = std::bit_cast<Bits>(beyond_range<T, Value>);
    // Its sign tells whether any is outside, or may be. In integers, since a comparison of floats
    // can trap, which keeps compilers from vectors.
    Bits outside = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto bits = std::bit_cast<Bits>(from[i]);
      outside |= (beyond - 1) - (bits & all);
      if constexpr (!std::is_signed_v<T>) outside |= bits;
    }
    if (outside >= 0) {
      for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i]);
      return;
    }
  }
  for (std::size_t i = 0; i < n; ++i) to[i] = converted<T>(from[i]);
}

}  // namespace tessera::detail
