// Floor 1, format: copies a column-major array (Fortran order) to a row-major one.
//
// The file is read as a matrix. A row of the matrix is contiguous in the file: all axes but the
// last. A column is contiguous in the copy: the last axis.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/extents.hpp>

namespace tessera::detail {

/// Goes through the columns of the matrix, and says where each begins in the copy.
class ColumnWalk {
 public:
  /// `axes`: the extents of all axes but the last.
  explicit ColumnWalk(std::vector<std::size_t> axes)
      : axes_(std::move(axes)), strides_(axes_.size()), index_(axes_.size()) {
    std::size_t columns = 1;
    for (std::size_t d = axes_.size(); d-- > 0;) {
      strides_[d] = columns;
      columns *= axes_[d];
    }
  }
  void seek(std::size_t column) {
    at_ = 0;
    for (std::size_t d = 0; d < axes_.size(); ++d) {
      index_[d] = column % axes_[d];
      column /= axes_[d];
      at_ += index_[d] * strides_[d];
    }
  }
  /// Where the column begins in the copy: the number of columns before it.
  std::size_t at() const noexcept { return at_; }
  /// Goes to the next column: the first axis is the fastest.
  void next() noexcept {
    for (std::size_t d = 0; d < axes_.size(); ++d) {
      at_ += strides_[d];
      if (++index_[d] < axes_[d]) break;
      at_ -= strides_[d] * axes_[d];
      index_[d] = 0;
    }
  }

 private:
  std::vector<std::size_t> axes_, strides_, index_;
  std::size_t at_ = 0;
};

/// Calls f with the size of an element as a constant (0: any other size). A copy whose size the
/// compiler knows is one instruction.
template <class F>
void with_item_size(std::size_t item, F&& f) {
  switch (item) {
    case 1: return f(std::integral_constant<std::size_t, 1>());
    case 2: return f(std::integral_constant<std::size_t, 2>());
    case 4: return f(std::integral_constant<std::size_t, 4>());
    case 8: return f(std::integral_constant<std::size_t, 8>());
    case 16: return f(std::integral_constant<std::size_t, 16>());
    default: return f(std::integral_constant<std::size_t, 0>());
  }
}

/// Copies a column-major array to a row-major one at `to`. `read(offset, to, bytes)` reads from the
/// source; an element has `item` bytes; the buffer has about `room` bytes.
template <class Read>
void transpose_copy(Read&& read, std::byte* to, std::span<const std::size_t> shape,
                    std::size_t item, std::size_t room = std::size_t{4} << 20) {
  std::vector<std::size_t> axes(shape.begin(), shape.end());
  std::erase(axes, std::size_t{1});
  if (std::find(axes.begin(), axes.end(), std::size_t{0}) != axes.end()) return;
  const std::size_t rows = axes.empty() ? 1 : axes.back();
  if (!axes.empty()) axes.pop_back();
  const auto columns = product_of(axes);
  const std::size_t fit = (std::max<std::size_t>)(room / item, 1);
  const std::size_t wide = (std::min)(columns, (std::max<std::size_t>)(fit / 64, 1));
  const std::size_t high = (std::min)(rows, (std::max<std::size_t>)(fit / wide, 1));
  // The pitch is not a power of two: otherwise all rows would share the same few cache lines.
  const std::size_t pitch = wide == columns ? wide : wide + 64 / (std::min<std::size_t>)(item, 64);
  std::vector<std::byte> block(high * pitch * item);
  ColumnWalk walk(std::move(axes));
  for (std::size_t column = 0; column < columns; column += wide) {
    const auto width = (std::min)(wide, columns - column);
    for (std::size_t row = 0; row < rows; row += high) {
      const auto height = (std::min)(high, rows - row);
      if (width == columns)
        read(row * columns * item, block.data(), height * columns * item);
      else
        for (std::size_t r = 0; r < height; ++r)
          read(((row + r) * columns + column) * item, block.data() + r * pitch * item,
               width * item);
      walk.seek(column);
      with_item_size(item, [&](auto size) {
        for (std::size_t c = 0; c < width; ++c, walk.next()) {
          auto* out = to + (walk.at() * rows + row) * item;
          const auto* from = block.data() + c * item;
          for (std::size_t r = 0; r < height; ++r, out += item, from += pitch * item)
            std::memcpy(out, from, size == 0 ? item : size);
        }
      });
    }
  }
}

}  // namespace tessera::detail
