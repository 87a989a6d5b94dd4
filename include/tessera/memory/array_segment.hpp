// Public: Shape, CreateOptions, AttachOptions. Floor 3, memory: type and shape of a segment.
//
// create and attach check elements and extents by these rules, before any data is handed out. Code
// that does not depend on the type is not a template. No xtensor.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <iterator>
#include <memory>
#include <span>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera {

/// The shape of an array of N axes, from integers ({365, 16, 16}), a std::array or a shape of
/// xtensor. Throws Error: invalid_shape for a negative extent, rank_mismatch for a range of another
/// size than N.
template <std::size_t N>
class Shape {
 public:
  /// Of an array without axes, which has one element.
  Shape()
    requires(N == 0)
  = default;

  /// From one extent for each axis.
  template <std::integral... Extents>
    requires(sizeof...(Extents) > 0)
  Shape(Extents... extents) : extents_{checked(extents)...} {
    static_assert(sizeof...(Extents) == N, "tessera: give one extent for each axis of the array");
  }

  /// From a range of N extents.
  template <class Range>
    requires(!std::integral<Range> &&
             requires(const Range& r) {
               { *r.begin() } -> std::convertible_to<std::size_t>;
               r.size();
             })
  Shape(const Range& range) {
    if (range.size() != N)
      throw Error(
          Errc::rank_mismatch, "shape",
          "it has " + std::to_string(range.size()) + " extents for " + std::to_string(N) + " axes");
    std::size_t d = 0;
    for (const auto extent : range) extents_[d++] = checked(extent);
  }

  /// Elements on each axis.
  const std::array<std::size_t, N>& extents() const noexcept { return extents_; }

 private:
  static std::size_t checked(std::integral auto extent) {
    if (std::cmp_less(extent, 0))
      throw Error(Errc::invalid_shape, "shape", "an extent is negative: " + std::to_string(extent));
    return static_cast<std::size_t>(extent);
  }
  std::array<std::size_t, N> extents_{};
};

/// Options of create.
struct CreateOptions {
  Permission permission = Permission::owner;  ///< who may open it
};

/// Options of attach.
struct AttachOptions {
  std::chrono::nanoseconds wait{0};  ///< for a complete array of that name
  bool any_user = false;             ///< accept a segment of another user
};

namespace detail {

/// The segment of an array. Throws Error(invalid_argument) if it holds none.
const std::shared_ptr<Segment>& checked(const std::shared_ptr<Segment>& segment);

/// A type in a message: float64 ('<f8') for a number, else as NumPy spells it.
std::string words(const Dtype& dtype);

/// Throws Error(type_mismatch, rank_mismatch), whose text names both sides, unless the array has
/// this type and rank. Byte order and order of axes do not matter here: `load` converts them.
void check_type(const NpyHeader& header, const Dtype& wanted, std::size_t rank,
                const std::string& subject);

/// Throws Error(type_mismatch, rank_mismatch) unless the mapped bytes can be used as they are: a
/// row-major array of this type and rank, in this machine's byte order, aligned.
void check_in_place(const Segment& segment, const Dtype& wanted, std::size_t rank,
                    std::size_t alignment);

/// Throws Error(shape_mismatch) unless the array has this shape.
void check_shape(const Segment& segment, std::span<const std::size_t> shape);

}  // namespace detail

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/array_segment_impl.hpp>
#endif
