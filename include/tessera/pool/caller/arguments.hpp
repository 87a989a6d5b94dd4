// Floor 4, pool/caller: how a job's arguments line up with its tiles; what is refused before
// anything runs.
//
// A tile shape of rank R speaks of the trailing R axes, and so does the grid of tiles: its extents
// are the arguments' trailing extents, broadcast (an extent of 1, or a missing axis, serves every
// tile). Two things must hold for disjoint writing: no written argument is broadcast along an axis
// that is cut, and no written section shares an element with another section unless both are the
// very same elements, lined up alike.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/grid/lattice.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/board/job_memory.hpp>

namespace tessera::detail {

/// An argument without its type.
struct Argument {
  Use use = Use::read;
  std::size_t item = 1;  ///< bytes of an element
  JobOrder::Argument order;

  std::span<const std::uint64_t> shape() const { return {order.shape.data(), order.record.axes}; }
  std::span<const std::int64_t> strides() const {
    return {order.strides.data(), order.record.axes};
  }
  std::vector<Progression> lattice() const {
    const auto& segment = *order.segment;
    return lattice_of(segment.header().shape,
                      (order.data - segment.data()) / static_cast<std::ptrdiff_t>(item), shape(),
                      strides(), segment.subject());
  }
  /// True if both are the very same elements, lined up alike, of one mapping.
  bool equals(const Argument& other) const {
    return order.record.offset == other.order.record.offset &&
           std::ranges::equal(shape(), other.shape()) &&
           std::ranges::equal(strides(), other.strides());
  }
  std::string words(std::size_t position) const {
    return "argument " + std::to_string(position) + " (" + order.segment->subject() + ", shape " +
           tuple_of(shape()) + ")";
  }
};

template <class S>
Argument argument_of(const S& section) {
  static_assert(S::rank <= max_axes, "tessera: a job's argument has at most 16 axes");
  Argument out;
  out.use = S::use;
  out.item = sizeof(typename S::element_type);
  out.order.segment = section.segment;
  out.order.data = reinterpret_cast<std::byte*>(
      const_cast<std::remove_const_t<typename S::element_type>*>(section.data));
  auto& record = out.order.record;
  const auto& segment = *section.segment;
  record.identity = segment.identity();
  record.file = segment.file_id();
  record.is_name = segment.name().empty() ? 0 : 1;
  record.writes = S::use == Use::write;
  record.offset =
      static_cast<std::uint64_t>(out.order.data - (segment.data() - segment.header().data_offset));
  record.axes = static_cast<std::uint16_t>(S::rank);
  for (std::size_t d = 0; d < S::rank; ++d) {
    out.order.shape[d] = section.shape[d];
    out.order.strides[d] = section.strides[d];
  }
  return out;
}

/// The extents of the R tiled axes: all arguments but the whole ones, broadcast. Throws
/// Error(shape_mismatch) naming both sides.
template <std::size_t R>
std::array<std::size_t, R> line_up(std::span<const Argument> arguments) {
  std::array<std::size_t, R> grid;
  grid.fill(1);
  std::array<std::size_t, R> from{};  // which argument set the extent
  bool any = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].use == Use::whole) continue;
    any = true;
    const auto shape = arguments[i].shape();
    for (std::size_t k = 0; k < (std::min)(R, shape.size()); ++k) {
      const std::size_t extent = shape[shape.size() - 1 - k], g = R - 1 - k;
      if (extent == 1 || extent == grid[g]) continue;
      if (grid[g] != 1)
        throw Error(Errc::shape_mismatch, "TiledPool",
                    arguments[i].words(i) + " and " + arguments[from[g]].words(from[g]) +
                        " do not line up: extents " + std::to_string(extent) + " and " +
                        std::to_string(grid[g]) + " on axis -" + std::to_string(k + 1),
                    "arguments line up by their trailing axes; pass tables as whole(...)");
      grid[g] = extent;
      from[g] = i;
    }
  }
  if (!any)
    throw Error(Errc::invalid_argument, "TiledPool",
                "every argument is whole(): there is nothing to cut into tiles",
                "pass at least one array bare or as into(...)");
  return grid;
}

/// Throws Error(overlap) if two tiles could write one element of argument `position`.
template <std::size_t R>
void check_disjoint(const Argument& argument, std::size_t position,
                    const std::array<std::size_t, R>& grid,
                    const std::array<std::size_t, R>& counts) {
  if (argument.use != Use::write) return;
  const auto shape = argument.shape();
  for (std::size_t k = 0; k < R; ++k) {
    const std::size_t g = R - 1 - k;
    const std::size_t extent = k < shape.size() ? shape[shape.size() - 1 - k] : 1;
    if (counts[g] > 1 && extent != grid[g])
      throw Error(Errc::overlap, "TiledPool",
                  "all " + std::to_string(counts[g]) + " tiles along axis -" +
                      std::to_string(k + 1) + " would write the same elements of " +
                      argument.words(position),
                  "give the output that axis, or make it one tile with tessera::full");
  }
}

/// Throws Error(overlap) if a written section shares elements with another argument of the same
/// memory. Device and inode decide what is the same memory, not the name.
inline void check_overlaps(std::span<const Argument> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (std::size_t j = 0; j < arguments.size(); ++j) {
      const auto &out = arguments[i], &other = arguments[j];
      if (i == j || out.use != Use::write || out.order.record.file != other.order.record.file)
        continue;
      if (other.use != Use::whole && out.equals(other)) continue;
      if (!meet(out.lattice(), other.lattice())) continue;
      throw Error(Errc::overlap, "TiledPool",
                  out.words(i) + " is written, and shares elements with " + other.words(j) +
                      " which other tiles " + (other.use == Use::write ? "write" : "read"),
                  "write to another array and swap, or pass the very same section");
    }
  }
}

}  // namespace tessera::detail
