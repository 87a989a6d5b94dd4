// Public: NpyHeader. Floor 1, format: what an .npy header says, and the limits of the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>

namespace tessera {

/// What an .npy header says.
struct NpyHeader {
  Dtype dtype;                     ///< of one element
  bool fortran_order = false;      ///< true: the first axis is contiguous; false: the last one
  std::vector<std::size_t> shape;  ///< elements on each axis
  std::size_t data_offset = 0;     ///< bytes from the start of the file to the first element

  /// Bytes of all elements.
  std::size_t data_bytes() const { return dtype.size * tessera::detail::product_of(shape); }
  friend bool operator==(const NpyHeader&, const NpyHeader&) = default;
};

namespace npy {

inline constexpr std::string_view magic = "\x93NUMPY";  ///< the first bytes of a file
inline constexpr std::size_t usual_size = 128;          ///< bytes of a header that encode() writes
inline constexpr std::size_t max_size = 65536;          ///< a longer header is refused when reading
inline constexpr std::size_t max_rank = 32;             ///< NumPy's own limit

namespace detail {

/// A larger number of bytes would not fit in a ptrdiff_t.
inline constexpr std::uint64_t most_bytes = (std::numeric_limits<std::ptrdiff_t>::max)();

/// Bytes of an array, or nothing if they do not fit in 63 bits. An extent of 0 does not hide the
/// others: their product must fit, so that strides can't overflow either.
inline std::optional<std::size_t> checked_bytes(std::span<const std::size_t> shape,
                                                std::size_t item) {
  return tessera::detail::checked_product(item, shape, most_bytes);
}

}  // namespace detail
}  // namespace npy
}  // namespace tessera
