// Public: operator<<. Floor 2, loops: arrays, tiles and expressions in text, where a program does
// not include <xtensor/xio.hpp>. Where it does, xtensor's operator is used, which lines up columns
// and has options. To have that, include it before the first line that prints, in all sources of a
// program that print the same type in inline functions.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tessera/loops/xtensor.hpp>

namespace xt::print_options {
struct print_options_impl;  // xtensor's: complete where xio.hpp is included
}

namespace tessera {

namespace detail {

template <class T, class = void>
inline constexpr bool complete = false;
template <class T>
inline constexpr bool complete<T, std::void_t<decltype(sizeof(T))>> = true;

/// Dependent on E: looked at where E is printed.
template <class E>
struct PrintOptions {
  using type = xt::print_options::print_options_impl;
};
template <class E>
inline constexpr bool xtensor_prints = complete<typename PrintOptions<E>::type>;

/// A number as a number, also where its type is a character's.
template <class T>
decltype(auto) printable(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return std::string_view(value ? "true" : "false");
  else if constexpr (std::is_integral_v<T>)
    return +value;
  else
    return (value);
}

/// The part of `e` whose first indices are `index`. Of long axes the first and last three if
/// `brief`.
template <class Stream, class E>
void print(Stream& out, const E& e, std::vector<std::size_t>& index, bool brief) {
  constexpr std::size_t edge = 3;
  const std::size_t axis = index.size();
  if (axis == e.dimension()) {
    const typename E::value_type value = e.element(index.begin(), index.end());
    out << detail::printable(value);
    return;
  }
  const auto length = static_cast<std::size_t>(e.shape()[axis]);
  const auto separate = [&] {
    if (axis + 1 == e.dimension()) return void(out << ", ");
    out << ",\n";
    for (std::size_t k = 0; k <= axis; ++k) out << ' ';
  };
  out << '{';
  for (std::size_t k = 0; k < length; ++k) {
    if (k != 0) separate();
    if (brief && length > 2 * edge && k == edge) {
      out << "...";
      k = length - edge;
      separate();
    }
    index.push_back(k);
    detail::print(out, e, index, brief);
    index.pop_back();
  }
  out << '}';
}

}  // namespace detail

/// Writes the elements in nested braces; of more than 1000 only the first and last three along each
/// axis.
///
///     std::cout << a << '\n';  // {{1, 2},
///                              //  {3, 4}}
template <class Char, class Traits, class E>
  requires(
      requires { sizeof(std::decay_t<E>); } && xt::is_xexpression<std::decay_t<E>>::value &&
      !detail::xtensor_prints<E> &&
      requires(std::basic_ostream<Char, Traits>& out,
               const typename std::decay_t<E>::value_type& value) {
        out << detail::printable(value);
      })
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, E&& array) {
  std::vector<std::size_t> index;
  detail::print(out, array, index, array.size() > 1000);
  return out;
}

}  // namespace tessera
