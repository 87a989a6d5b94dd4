// Floor 0, base: tests at compile time whether a type holds addresses.
//
// An address means nothing in another process. Two tests:
// - holds_no_address: in a constant expression C++ does not allow bytes to become a pointer or a
//   reference. So a type that can be made from bytes there holds none. This works for the captures
//   of a lambda too.
// - made_of_addresses: an aggregate that can be built from addresses alone holds nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <tessera/base/config.hpp>

namespace tessera::detail {

template <class T>
struct Held {
  T value;
};

template <class T>
concept MadeOfBytesOnly = requires {
  typename std::integral_constant<int, (static_cast<void>(__builtin_bit_cast(
                                            Held<T>, std::array<unsigned char, sizeof(Held<T>)>{})),
                                        0)>;
};

/// True if no object of this type holds a pointer or a reference. False also where the compiler
/// can't tell: for unions, also inside a member such as std::variant or std::optional, and for
/// types that no constant expression can make.
template <class T>
inline constexpr bool holds_no_address = [] {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
    return true;
  else if constexpr (std::is_class_v<T> && std::is_trivially_copyable_v<T>)
    return std::is_empty_v<T> || MadeOfBytesOnly<T>;
  else
    return false;
}();
template <class T, std::size_t N>
inline constexpr bool holds_no_address<std::array<T, N>> = holds_no_address<T>;
template <class T>
inline constexpr bool holds_no_address<std::optional<T>> = holds_no_address<T>;
template <class... T>
inline constexpr bool holds_no_address<std::variant<T...>> = (holds_no_address<T> && ...);

template <class T>
constexpr bool is_made_of_addresses();

/// Converts to the type of any member of an aggregate T; if `addresses_only`, only to types that
/// are made of addresses.
template <class T, bool addresses_only>
struct MemberOf {
  constexpr MemberOf(auto) {}
  template <class U>
    requires(!std::is_same_v<std::remove_cvref_t<U>, T> && !std::is_base_of_v<T, U> &&
             (!addresses_only || is_made_of_addresses<std::remove_cv_t<U>>()))
  operator U() const noexcept;
};

template <class T, bool addresses_only, std::size_t... I>
constexpr bool has_members(std::index_sequence<I...>) {
  return requires { T{MemberOf<T, addresses_only>{std::integral_constant<std::size_t, I>{}}...}; };
}

/// How many members an aggregate has; 0 if there are more than `n`.
template <class T, std::size_t n = 16>
constexpr std::size_t count_members() {
  if constexpr (n == 0 || has_members<T, false>(std::make_index_sequence<17>{}))
    return 0;
  else if constexpr (has_members<T, false>(std::make_index_sequence<n>{}))
    return n;
  else
    return count_members<T, n - 1>();
}

// NOLINTBEGIN(bugprone-branch-clone): the order of the questions matters
template <class T>
inline constexpr bool made_of_addresses = [] {
  if constexpr (std::is_pointer_v<T> || std::is_member_function_pointer_v<T>) {
    return true;
  } else if constexpr (std::is_array_v<T>) {
    return is_made_of_addresses<std::remove_all_extents_t<T>>();
  } else if constexpr (!std::is_class_v<T> || holds_no_address<T>) {
    return false;
  } else if constexpr (std::input_or_output_iterator<T> || std::ranges::enable_borrowed_range<T>) {
    return true;
  } else if constexpr (std::is_aggregate_v<T>) {
    constexpr auto members = count_members<T>();
    return members != 0 && has_members<T, true>(std::make_index_sequence<members>{});
  } else {
    return false;
  }
}();
// NOLINTEND(bugprone-branch-clone)
template <class T>
inline constexpr bool made_of_addresses<std::reference_wrapper<T>> = true;
template <class T>
inline constexpr bool made_of_addresses<std::initializer_list<T>> = true;
template <class T, std::size_t N>
inline constexpr bool made_of_addresses<std::array<T, N>> = is_made_of_addresses<T>();
template <class T>
inline constexpr bool made_of_addresses<std::optional<T>> = is_made_of_addresses<T>();
template <class... T>
inline constexpr bool made_of_addresses<std::variant<T...>> = (is_made_of_addresses<T>() && ...);
template <class A, class B>
inline constexpr bool made_of_addresses<std::pair<A, B>> =
    is_made_of_addresses<A>() && is_made_of_addresses<B>();
template <class... T>
inline constexpr bool made_of_addresses<std::tuple<T...>> = sizeof...(T) > 0 &&
                                                            (is_made_of_addresses<T>() && ...);

template <class T>
constexpr bool is_made_of_addresses() {
  return made_of_addresses<T>;
}

}  // namespace tessera::detail
