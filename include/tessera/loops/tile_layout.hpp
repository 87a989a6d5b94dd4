// Floor 2, loops: where the elements of a tile are, and how an index is checked.
//
// With bounds checks (see TESSERA_CHECKS_BOUNDS) every index is checked. Code with checks is in
// another inline namespace than code without, so that units of both kinds can be linked together.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/base/text.hpp>

namespace tessera::detail {

inline namespace TESSERA_BOUNDS {

/// Where a tile's elements are. Steppers and iterators hold its address: it must outlive them.
template <class T, std::size_t N>
struct TileLayout {
  T* data = nullptr;
  std::array<std::size_t, N> shape{};
  std::array<std::ptrdiff_t, N> strides{};  ///< in elements; 0 where the extent is 1

  std::ptrdiff_t size() const noexcept { return static_cast<std::ptrdiff_t>(product_of(shape)); }
  std::ptrdiff_t last(std::size_t axis) const noexcept {
    return static_cast<std::ptrdiff_t>(shape[axis]) - 1;
  }
  /// From index 0 to the last index of this axis, in elements.
  std::ptrdiff_t reach(std::size_t axis) const noexcept { return strides[axis] * last(axis); }

  static std::ptrdiff_t signed_of(auto index) noexcept {
    return static_cast<std::ptrdiff_t>(index);
  }

  /// How far the element at an index is from the first element. As in xtensor, indices belong to
  /// the trailing axes: of too many the first are ignored, and missing ones are 0.
  template <class... Index>
  std::ptrdiff_t offset(Index... index) const noexcept {
    std::ptrdiff_t out = 0;
    std::size_t k = 0;
    [[maybe_unused]] const auto add = [&](std::ptrdiff_t i) {
      if (k + N >= sizeof...(Index)) {
        // The comparison lets gcc compile a loop along the last axis without multiplications.
        const auto stride = strides[k + N - sizeof...(Index)];
        out += k + 1 == sizeof...(Index) && stride == 1 ? i : i * stride;
      }
      ++k;
    };
    if constexpr (N > 0) (add(signed_of(index)), ...);
    return out;
  }
  template <class... Index>
  T* address(Index... index) const {
    if constexpr (TESSERA_CHECKS_BOUNDS) {
      const std::array<std::ptrdiff_t, sizeof...(Index)> all{signed_of(index)...};
      check_index(all, false);
    }
    return data + offset(index...);
  }
  template <class It>
  T* address_in(It from, It to) const {
    const auto count = static_cast<std::size_t>(std::distance(from, to));
    std::array<std::ptrdiff_t, N> index{};
    for (std::size_t k = 0; from != to; ++from, ++k)
      if (k + N >= count) index[k + N - count] = signed_of(*from);
    if constexpr (TESSERA_CHECKS_BOUNDS) check_index(index, false);
    T* at = data;
    for (std::size_t d = 0; d < N; ++d) at += index[d] * strides[d];
    return at;
  }
  /// The address of element `number` in row-major order.
  T* address_of(std::size_t number) const {
    if constexpr (TESSERA_CHECKS_BOUNDS)
      if (signed_of(number) >= size()) outside(std::array{signed_of(number)});
    T* at = data;
    for (std::size_t d = N; d-- > 0; number /= shape[d])
      at += signed_of(number % shape[d]) * strides[d];
    return at;
  }

  // An axis of extent 1 takes any index: it is broadcast.
  template <std::size_t M>
  void check_index(const std::array<std::ptrdiff_t, M>& index, bool no_elements) const {
    for (std::size_t k = M > N ? M - N : 0; k < M; ++k) {
      const auto d = k + N - M;
      if (no_elements && d + 1 == N) continue;
      if (shape[d] != 1 && (index[k] < 0 || index[k] > last(d))) outside(index);
    }
  }
  template <std::size_t M>
  [[noreturn]] void outside(const std::array<std::ptrdiff_t, M>& index) const {
    std::string words;
    for (const auto i : index) tessera::detail::append_item(words, std::to_string(i));
    throw Error(
        Errc::invalid_argument, "tile",
        "index (" + words + ") is outside its shape " + tuple_of(shape),
        "indices of a tile begin at 0 in each tile; pass what other tiles hold as whole(...)");
  }
};

}  // namespace TESSERA_BOUNDS

}  // namespace tessera::detail
