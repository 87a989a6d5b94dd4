// Floor 2, loops: xtensor's functions without branches.
//
// `a && b` and `where(c, a, b)` need not compute all their arguments, so compilers make branches of
// them, and no vectors. In a loop over rows all arguments are there: these functions use them all.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/convert.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

struct BothTrue {
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    if constexpr (std::is_arithmetic_v<A> && std::is_arithmetic_v<B>)
      return static_cast<bool>(a) & static_cast<bool>(b);
    else
      return static_cast<bool>(a && b);
  }
};
struct EitherTrue {
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    if constexpr (std::is_arithmetic_v<A> && std::is_arithmetic_v<B>)
      return static_cast<bool>(a) | static_cast<bool>(b);
    else
      return static_cast<bool>(a || b);
  }
};

/// The unsigned integer of as many bytes.
template <std::size_t Bytes>
struct BitsOf;
template <>
struct BitsOf<1> : std::type_identity<std::uint8_t> {};
template <>
struct BitsOf<2> : std::type_identity<std::uint16_t> {};
template <>
struct BitsOf<4> : std::type_identity<std::uint32_t> {};
template <>
struct BitsOf<8> : std::type_identity<std::uint64_t> {};

/// a where c is true, else b: by a mask of bits.
struct Select {
  template <class C, class A, class B>
  auto operator()(const C& c, const A& a, const B& b) const {
    using R = std::decay_t<decltype(xt::detail::conditional_ternary()(c, a, b))>;
    if constexpr (std::is_arithmetic_v<R> && !std::is_same_v<R, bool> && sizeof(R) <= 8) {
      using Bits = typename BitsOf<sizeof(R)>::type;
      const auto mask = static_cast<Bits>(-static_cast<Bits>(static_cast<bool>(c) ? 1 : 0));
      const auto yes = std::bit_cast<Bits>(static_cast<R>(a));
      const auto no = std::bit_cast<Bits>(static_cast<R>(b));
      return std::bit_cast<R>(static_cast<Bits>((yes & mask) | (no & static_cast<Bits>(~mask))));
    } else {
      return static_cast<R>(static_cast<bool>(c) ? static_cast<R>(a) : static_cast<R>(b));
    }
  }
};

/// xt::cast<T>: converted as elements are that are assigned to a tile.
template <class T>
struct ConvertedTo {
  template <class V>
  TESSERA_INLINE T operator()(const V& v) const {
    return converted<T>(v);
  }
};

/// What xt::cast makes of its argument.
template <class F>
concept CastFunction = requires {
  requires std::is_same_v<F, typename xt::detail::cast<typename F::result_type>::functor>;
};

/// The function that a loop over rows calls in place of xtensor's: the same values, where C++
/// defines them.
template <class F>
auto row_function(const F& function) {
  if constexpr (std::is_same_v<F, xt::detail::logical_and>)
    return BothTrue{};
  else if constexpr (std::is_same_v<F, xt::detail::logical_or>)
    return EitherTrue{};
  else if constexpr (std::is_same_v<F, xt::detail::conditional_ternary>)
    return Select{};
  else if constexpr (CastFunction<F>)
    return ConvertedTo<typename F::result_type>{};
  else
    return function;
}

}  // namespace tessera::detail
