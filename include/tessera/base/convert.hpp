// Floor 0, base: conversion of elements, with one result for every value.
//
// C++ does not define what a float outside an integer's range becomes. So a compiler may give
// different results in the vectorised part of a loop and in its last elements. Here every value has
// one result. A block is first searched for such values, which is cheap; only a block that has one
// takes the slow path.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// True for conversions that C++ does not define for all values: from floating point to integers.
template <class T, class Value>
inline constexpr bool converts_in_part =
    std::floating_point<Value> && std::integral<T> && !std::same_as<T, bool>;

template <class Value, class T>
concept ConvertsInPartTo = converts_in_part<T, Value>;

/// The first number above the range of an integer T. It is a power of two.
template <class T, class Value>
inline constexpr Value beyond_range =
    static_cast<Value>((std::numeric_limits<T>::max)() / 2 + 1) * Value(2);

/// `value` as a T, as by static_cast, with two exceptions if T is an integer: a value outside its
/// range becomes the nearest end of the range, and NaN becomes 0.
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
    // Negative if a value is, or may be, outside the range. Computed in integers: compilers do not
    // vectorise a comparison of floats, since it can trap.
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
