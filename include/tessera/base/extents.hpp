// Floor 0, base: shapes and indices: their product, and their text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <tessera/base/text.hpp>

namespace tessera::detail {

/// The product of all extents; 1 if there are none. Overflow is not checked.
template <class Extents>
constexpr std::size_t product_of(const Extents& extents) {
  std::size_t out = 1;
  for (const auto extent : extents) out *= static_cast<std::size_t>(extent);
  return out;
}

/// `first` times all extents, or nothing if that is more than `most`. An extent of 0 makes the
/// result 0, but the product of the other extents must still be at most `most`.
template <class Extents>
constexpr std::optional<std::uint64_t> checked_product(
    std::uint64_t first, const Extents& extents,
    std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)()) {
  if (first > most) return std::nullopt;
  std::uint64_t out = first;
  bool empty = false;
  for (const std::uint64_t extent : extents) {
    if (extent == 0) {
      empty = true;
    } else {
      if (out > most / extent) return std::nullopt;
      out *= extent;
    }
  }
  return empty ? 0 : out;
}

/// The extents of all axes but one, which is below N.
template <std::size_t N>
  requires(N > 0)
constexpr std::array<std::size_t, N - 1> without_axis(const std::array<std::size_t, N>& extents,
                                                      std::size_t axis) {
  std::array<std::size_t, N - 1> out{};
  for (std::size_t d = 0; d + 1 < N; ++d) out[d] = extents[d < axis ? d : d + 1];
  return out;
}

/// A tuple as Python writes it: "(365, 16, 16)", "(7,)", "()".
template <class Values>
std::string tuple_of(const Values& values) {
  std::string items;
  for (const auto& value : values) append_item(items, std::to_string(value));
  std::string out(1, '(');  // not by insert(), of which g++ 12 warns wrongly
  out += items;
  out += values.size() == 1 ? ",)" : ")";
  return out;
}

}  // namespace tessera::detail
