// Public: Slice, AnySlice. Floor 3, memory: a part of an AnyArray, to be looked at: as text, and as
// numbers for a picture. For computing there is AnyArray::visit.
#pragma once

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera {

/// What a slice takes of one axis, as in NumPy: an index, or a range with a step. Negative numbers
/// count from the end. `full` is the whole axis. So `a[{0, 5}]` is one element, and `a[{{0, 5}}]`
/// are five rows.
class Slice {
 public:
  using Number = std::ptrdiff_t;  ///< of indices and steps
  /// A number of any integer type; `full` and std::nullopt are none.
  struct Bound {
    Number value = 0;                   ///< the number
    bool given = false;                 ///< false: none
    constexpr Bound(std::nullopt_t) {}  ///< None.
    /// This one; one that is too large, as the largest.
    constexpr Bound(std::integral auto number) : given(!std::cmp_equal(number, full)) {
      constexpr auto most = (std::numeric_limits<Number>::max)();
      if (given) value = std::cmp_greater(number, most) ? most : static_cast<Number>(number);
    }
  };
  /// One index; the axis is gone in the result.
  constexpr Slice(std::integral auto index) : begin_(index), is_index_(begin_.given) {}
  /// begin:end:step. No begin or no end: as far as the axis goes.
  constexpr Slice(Bound begin, Bound end, Number step = 1)
      : begin_(begin), end_(end), step_(step) {}

  /// What it means on an axis of `extent` elements: the first one, how many, and the step.
  struct Range {
    std::size_t first;  ///< index of the first element
    std::size_t count;  ///< how many
    Number step;        ///< from one to the next
  };
  /// True if it is one index.
  constexpr bool is_index() const noexcept { return is_index_; }
  /// Ranges are cut to the axis, as in NumPy. Throws Error(invalid_argument) for an index outside
  /// it, and for a step of 0.
  Range of(std::size_t extent, const std::string& subject, std::size_t axis) const;

 private:
  Bound begin_ = std::nullopt, end_ = std::nullopt;
  Number step_ = 1;
  bool is_index_ = false;
};

/// A part of an array of any type. It keeps the mapping.
class AnySlice {
 public:
  /// The extents of its axes; none for one element.
  const std::vector<std::size_t>& shape() const noexcept { return shape_; }
  /// The type of its elements.
  const Dtype& dtype() const noexcept { return dtype_; }

  /// Its elements in brackets, laid out as NumPy does, floats with up to 8 decimals. Of more than
  /// 1000 elements, the first and the last three along each axis; of very many axes, fewer.
  ///
  ///     [[  1   2   3]
  ///      [  4  -5   6]]
  std::string text() const;

  /// Its numbers as doubles, row by row. Integers beyond 2^53 are rounded; times are the integers
  /// that they are. Throws Error(type_mismatch) if its elements are no numbers but structs, complex
  /// or without a type.
  std::vector<double> values() const;
  /// A field of each struct; "real" or "imag" of complex numbers. Throws Error(invalid_argument) if
  /// there is none of that name, or if it is an array itself.
  AnySlice field(std::string_view name) const;

  /// Prints text().
  friend std::ostream& operator<<(std::ostream& out, const AnySlice& slice) {
    return print(out, slice.text());
  }

 private:
  friend class AnyArray;
  AnySlice(std::shared_ptr<const Segment> segment, std::span<const Slice> slices);
  static std::ostream& print(std::ostream& out, const std::string& text);

  /// Calls f for each element, row by row.
  template <class F>
  void for_each(const F& f) const;

  std::shared_ptr<const Segment> segment_;
  Dtype dtype_;
  const std::byte* first_;
  std::vector<std::size_t> shape_;
  std::vector<std::ptrdiff_t> strides_;  // in bytes
};

namespace detail {

/// The slices in a text such as "0, 40:44, ::2, ..., -1", for an array of `rank` axes. Throws
/// Error(invalid_argument) if it is none.
std::vector<Slice> parse_slices(std::string_view text, std::size_t rank,
                                const std::string& subject);

}  // namespace detail
}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/any_slice_impl.hpp>
#endif
