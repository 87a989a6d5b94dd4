// Floor 4, pool/caller: checks of a job's arguments before anything runs.
//
// A tile shape of rank R is about the last R axes, and so is the grid of tiles. The grid's extents
// are the arguments' trailing extents, broadcast: an extent of 1, or a missing axis, serves every
// tile.
//
// No two tiles may write one element. So a written argument must not be broadcast along an axis
// that is cut. And a written section must not share an element with another section, unless both
// have the same elements with the same shape and strides.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <tessera/base/extents.hpp>
#include <tessera/loops/stream_rows.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/caller/job_order.hpp>

namespace tessera::detail {

template <class S>
Argument argument_of(const S& section) {
  static_assert(S::rank <= max_axes, "tessera: a job's argument has at most 16 axes");
  Argument out;
  out.segment = section.segment;
  out.data = reinterpret_cast<std::byte*>(
      const_cast<std::remove_const_t<typename S::element_type>*>(section.data));
  out.item = sizeof(typename S::element_type);
  out.axes = S::rank;
  out.use = S::use;
  for (std::size_t d = 0; d < S::rank; ++d) {
    out.extents[d] = section.shape[d];
    out.steps[d] = section.strides[d];
  }
  return out;
}

/// Sets `grid` to the extents of the tiled axes: those of all arguments except whole ones,
/// broadcast. Throws Error: shape_mismatch, which names both arguments; invalid_argument if all are
/// whole.
void line_up(std::span<const Argument> arguments, std::span<std::size_t> grid);

/// Throws Error(overlap) if two tiles could write one element of argument `position`.
void check_disjoint(const Argument& argument, std::size_t position,
                    std::span<const std::size_t> grid, std::span<const std::size_t> counts);

/// Throws Error(overlap) if a written section shares elements with another argument of the same
/// memory. Device and inode decide whether the memory is the same, not the name.
void check_overlaps(std::span<const Argument> arguments);

/// Throws Error(shape_mismatch) unless `in`, an input of transform, broadcasts to the shape of
/// `out`.
void check_broadcasts(const Argument& in, const Argument& out);

/// True if no input is in the output's memory.
template <class Out, class... In>
bool no_alias(const Out& out, const In&... in) {
  return ((in.segment->file_id() != out.segment->file_id()) && ...);
}

/// True if it is faster to write the output past the caches.
template <class Out, class... In>
bool streaming_pays_for(const Out& out, const In&... in) {
  const auto bytes = [](const auto& section) {
    return sizeof(*section.data) * product_of(section.shape);
  };
  return no_alias(out, in...) && streaming_pays((bytes(out) + ... + bytes(in)));
}

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/caller/arguments_impl.hpp>
#endif
