// Public: mdspan() of arrays and tiles. Floor 2, loops: their elements as std::mdspan.
//
// Not part of tessera.hpp, unless TESSERA_WITH_MDSPAN is defined: a program that wants it includes
// it. The mdspan is that of the standard library (C++23) or, where that has none, the reference
// implementation (github.com/kokkos/mdspan), if that is on the include path. All sources of one
// program must have the same one.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <version>

#if defined(__cpp_lib_mdspan)
#include <mdspan>
#define TESSERA_MDSPAN_NAMESPACE std
#elif __has_include(<mdspan/mdspan.hpp>)
#include <mdspan/mdspan.hpp>
#define TESSERA_MDSPAN_NAMESPACE MDSPAN_IMPL_STANDARD_NAMESPACE
#else
#error \
    "tessera: there is no mdspan: compile as C++23 with a standard library that has <mdspan>, or put the reference implementation's include folder (github.com/kokkos/mdspan) on the include path"
#endif

#include <tessera/base/error.hpp>
#include <tessera/loops/tile_fwd.hpp>
#include <tessera/loops/with_mdspan.hpp>

#if defined(TESSERA_MDSPAN_NAMESPACE)

namespace tessera {

namespace detail {

namespace md = TESSERA_MDSPAN_NAMESPACE;

template <std::size_t N>
using MdspanExtents = md::dextents<std::size_t, N>;

/// All elements of an array, which are contiguous.
template <class Array>
struct MdspanOf {
  static auto of(Array& array) noexcept {
    constexpr std::size_t rank = std::tuple_size_v<typename Array::inner_shape_type>;
    using Element = std::remove_pointer_t<decltype(array.data())>;
    return md::mdspan<Element, MdspanExtents<rank>>(array.data(),
                                                    MdspanExtents<rank>(array.shape()));
  }
};

/// The elements of a tile. Throws Error(invalid_argument) if a section's step makes its rows not
/// contiguous: the step along the last axis is the constant 1, since compilers do not vectorise a
/// loop along it otherwise (it took three times as long).
template <class Tile, std::size_t N>
struct MdspanOfTile {
  static auto of(Tile& tile) {
    using Element = std::remove_pointer_t<decltype(tile.data())>;
    using Mapping = md::layout_stride::mapping<MdspanExtents<N>>;
    std::array<std::size_t, N> strides{};
    for (std::size_t d = 0; d < N; ++d) {
      // 0 where the extent is 1 or the tile is empty, which mdspan does not allow.
      const auto step = static_cast<std::size_t>(tile.strides()[d]);
      strides[d] = step == 0 ? 1 : step;
    }
    if constexpr (N > 0) {
      if (strides[N - 1] != 1)
        throw Error(Errc::invalid_argument, "tile", "its rows are not contiguous",
                    "index it as tile(i, j)");
      strides[N - 1] = 1;
    }
    return md::mdspan<Element, MdspanExtents<N>, md::layout_stride>(
        tile.data(), Mapping(MdspanExtents<N>(tile.shape()), strides));
  }
};
template <class T, std::size_t N>
struct MdspanOf<TileView<T, N>> : MdspanOfTile<TileView<T, N>, N> {};
template <class T, std::size_t N>
struct MdspanOf<const TileView<T, N>> : MdspanOfTile<const TileView<T, N>, N> {};

}  // namespace detail

}  // namespace tessera

#endif
