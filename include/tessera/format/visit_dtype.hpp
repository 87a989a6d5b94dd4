// Public: Elements, Ranks, Numbers, visit_dtype. Floor 1, format: from a Dtype to its C++ type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <tessera/format/dtype.hpp>

namespace tessera {

/// The element types for which a function is compiled.
template <Element... T>
struct Elements {};

/// The numbers of axes for which a function is compiled.
template <std::size_t... N>
struct Ranks {};

/// bool, integers, float and double.
using Numbers = Elements<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                         std::uint16_t, std::uint32_t, std::uint64_t, float, double>;

namespace detail {

template <class Result>
using Visited = std::conditional_t<std::is_void_v<Result>, bool, std::optional<Result>>;

/// Calls `call` and keeps what it returns. Returns true.
template <class Result, class Call>
bool keep_result(Visited<Result>& out, Call&& call) {
  if constexpr (std::is_void_v<Result>)
    call(), out = true;
  else
    out.emplace(call());
  return true;
}

template <class First, class... T, class F>
auto visit_each_type(Elements<First, T...>, const Dtype& dtype, F& f) {
  using Result = decltype(f.template operator()<First>());
  Visited<Result> out{};
  const auto wanted = in_native_order(dtype);
  const auto fits = [&]<class U>() {
    return wanted == dtype_of<U>() &&
           keep_result<Result>(out, [&]() -> Result { return f.template operator()<U>(); });
  };
  static_cast<void>(fits.template operator()<First>() || (fits.template operator()<T>() || ...));
  return out;
}

template <class... T, std::size_t FirstRank, std::size_t... N, class F>
auto visit_each_rank(Elements<T...> types, Ranks<FirstRank, N...>, const Dtype& dtype,
                     std::size_t rank, F& f) {
  const auto of_rank = [&]<std::size_t M>() {
    const auto its = [&]<class U>() { return f.template operator()<U, M>(); };
    return visit_each_type(types, dtype, its);
  };
  decltype(of_rank.template operator()<FirstRank>()) out{};
  const auto fits = [&]<std::size_t M>() {
    if (rank != M) return false;
    out = of_rank.template operator()<M>();
    return true;
  };
  static_cast<void>(fits.template operator()<FirstRank>() ||
                    (fits.template operator()<N>() || ...));
  return out;
}

}  // namespace detail

/// Calls `f.operator()<T>()` with the one of `Types` that the dtype describes, in either byte
/// order. Returns a std::optional of what f returns, which must be one type for all; of a function
/// that returns nothing, whether it was called.
///
///     visit_dtype(dtype, []<class T>() { std::cout << sizeof(T) << '\n'; });
template <class Types = Numbers, class F>
[[nodiscard]] auto visit_dtype(const Dtype& dtype, F&& f) {
  return detail::visit_each_type(Types{}, dtype, f);
}

/// The same with a number of axes: calls `f.operator()<T, N>()`.
template <class Types, class Axes, class F>
[[nodiscard]] auto visit_dtype(const Dtype& dtype, std::size_t rank, F&& f) {
  return detail::visit_each_rank(Types{}, Axes{}, dtype, rank, f);
}

}  // namespace tessera
