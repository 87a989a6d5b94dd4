// Public: into, whole, Section, Use. Floor 3, memory: an array or an xt::view as a job's argument.
//
// A Section is what a job needs to know of an argument: the mapping, the first element, extents and
// strides. It also says which elements of the whole array these are, so that overlaps are found
// before anything runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/base/extents.hpp>
#include <tessera/grid/lattice.hpp>
#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/shared_array.hpp>

namespace tessera {

/// How a job uses an argument: each tile reads its part (read) or writes it (write), or every tile
/// reads all of it (whole).
enum class Use { read, write, whole };

/// Elements of an array, with N axes, as an argument of a job. Keeps the mapping alive.
template <class T, std::size_t N, Use U>
struct Section {
  using element_type = std::conditional_t<U == Use::write, T, const T>;  ///< const if only read
  static constexpr std::size_t rank = N;                                 ///< number of axes
  static constexpr Use use = U;  ///< what a job does with it

  std::shared_ptr<Segment> segment;         ///< the mapping
  element_type* data = nullptr;             ///< the element at index 0, ..., 0, in this process
  std::array<std::size_t, N> shape{};       ///< elements on each axis
  std::array<std::ptrdiff_t, N> strides{};  ///< in elements

  /// The indices of these elements, along each axis of the whole array. Throws Error(invalid_shape)
  /// if one is outside it.
  std::vector<Progression> lattice() const;
};

namespace detail {

template <class A>
inline constexpr bool is_array = false;
template <class T, std::size_t N, Holder H>
inline constexpr bool is_array<SharedArray<T, N, H>> = true;

template <class A>
inline constexpr bool is_view = false;
template <class CT, class... S>
inline constexpr bool is_view<xt::xview<CT, S...>> = is_array<std::decay_t<CT>>;

template <class A>
inline constexpr bool is_section = false;
template <class T, std::size_t N, Use U>
inline constexpr bool is_section<Section<T, N, U>> = true;

/// The indices that a strided view covers, along each axis of a row-major array of shape `array`.
/// `offset` and `strides` are in elements. Throws Error(invalid_shape) if the view is not inside.
std::vector<Progression> lattice_of(std::span<const std::size_t> array, std::int64_t offset,
                                    std::span<const std::size_t> extents,
                                    std::span<const std::ptrdiff_t> strides,
                                    const std::string& subject);

/// The section that an array or a view is; of anything else, which section_of refuses, an empty
/// one.
template <Use U, bool is_const, class A>
auto section_of_array(const A& argument) {
  if constexpr (!is_array<A> && !is_view<A>) {
    return Section<int, 1, U>();
  } else {
    const auto& array = [&]() -> const auto& {
      if constexpr (is_view<A>)
        return argument.expression();
      else
        return argument;
    }();
    using Pointer = typename std::decay_t<decltype(array)>::storage_type::pointer;
    using Stored = std::remove_pointer_t<Pointer>;
    using T = std::remove_const_t<Stored>;
    static_assert(
        U != Use::write || !(std::is_const_v<Stored> || (is_array<A> && is_const)),
        "tessera: into() takes an array that can be written; this one's element type is const");
    using Extents = std::decay_t<decltype(argument.shape())>;
    constexpr std::size_t N = std::tuple_size_v<Extents>;
    if constexpr (is_view<A>)
      static_assert(A::is_strided_view,
                    "tessera: a section of an array is made of integers, ranges and steps (not of "
                    "index lists)");
    Section<T, N, U> out;
    out.segment = array.segment();
    if (!out.segment)
      throw Error(Errc::invalid_argument, "SharedArray",
                  "a job's argument holds no array: it was moved from or never made",
                  "create, attach or load it before the job");
    const auto& strides = argument.strides();
    for (std::size_t d = 0; d < N; ++d) {
      out.shape[d] = argument.shape()[d];
      out.strides[d] = strides[d];
    }
    out.data = reinterpret_cast<T*>(out.segment->data());
    if constexpr (is_view<A>) {
      out.data += static_cast<std::ptrdiff_t>(argument.data_offset());
      static_cast<void>(out.lattice());  // throws if the view is not inside
    }
    return out;
  }
}

template <Use U, bool is_const = false, class A>
auto section_of(const A& argument) {
  if constexpr (is_section<A>) {
    static_assert(U == Use::read,
                  "tessera: into() and whole() take an array or an xt::view of one, once");
    return argument;
  } else {
    static_assert(is_array<A> || is_view<A>,
                  "tessera: an argument of a job is a SharedArray or an xt::view of one (other "
                  "values travel in "
                  "the kernel's captures; tables through SharedArray::copy_of and whole)");
    return section_of_array<U, is_const>(argument);
  }
}

}  // namespace detail

template <class T, std::size_t N, Use U>
std::vector<Progression> Section<T, N, U>::lattice() const {
  return detail::lattice_of(segment->header().shape,
                            data - reinterpret_cast<const T*>(segment->data()), shape, strides,
                            segment->subject());
}

/// Marks an argument as output: the kernel writes its tiles.
///
///     pool.map({4, 4}, kernel, into(a), b);  // reads b, writes a
///     pool.map({4, 4}, kernel, into(xt::view(a, 0, xt::all(), xt::all())), b);
///
/// `array` is a SharedArray of non-const elements, or an xt::view of one by integers, ranges and
/// steps; anything else does not compile. Owns nothing, but keeps the mapping alive. Throws Error:
/// invalid_argument if `array` holds no array, invalid_shape if the view is not inside it.
template <class A>
auto into(A&& array) {
  return detail::section_of<Use::write, std::is_const_v<std::remove_reference_t<A>>>(array);
}

/// Marks an argument that every tile reads as a whole: a table, or an array with a periodic axis.
/// Takes and throws what into() does; elements may be const.
template <class A>
auto whole(A&& array) {
  return detail::section_of<Use::whole>(array);
}

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/section_impl.hpp>
#endif
