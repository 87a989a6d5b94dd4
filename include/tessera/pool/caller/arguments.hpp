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

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/grid/lattice.hpp>
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

/// The extents of the R tiled axes: those of all arguments except whole ones, broadcast. Throws
/// Error(shape_mismatch), which names both arguments.
template <std::size_t R>
std::array<std::size_t, R> line_up(std::span<const Argument> arguments) {
  std::array<std::size_t, R> grid;
  grid.fill(1);
  std::array<std::size_t, R> from{};  // which argument set the extent
  bool any = false;                   // the argument that set the extent
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].use == Use::whole) continue;
    any = true;
    const auto shape = arguments[i].shape();
    for (std::size_t k = 0; k < (std::min)(R, shape.size()); ++k) {
      const std::size_t extent = shape[shape.size() - 1 - k], g = R - 1 - k;
      if (extent == 1 || extent == grid[g]) continue;
      if (grid[g] != 1)
        throw Error(Errc::shape_mismatch, "TiledPool",
                    arguments[i].describe(i) + " and " + arguments[from[g]].describe(from[g]) +
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
                      argument.describe(position),
                  "give the output that axis, or make it one tile with tessera::full");
  }
}

/// Throws Error(overlap) if a written section shares elements with another argument of the same
/// memory. Device and inode decide whether the memory is the same, not the name.
inline void check_overlaps(std::span<const Argument> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (std::size_t j = 0; j < arguments.size(); ++j) {
      const auto &out = arguments[i], &other = arguments[j];
      if (i == j || out.use != Use::write || out.segment->file_id() != other.segment->file_id())
        continue;
      if (other.use != Use::whole && out.equals(other)) continue;
      if (!meet(out.lattice(), other.lattice())) continue;
      throw Error(Errc::overlap, "TiledPool",
                  out.describe(i) + " is written, and shares elements with " + other.describe(j) +
                      " which other tiles " + (other.use == Use::write ? "write" : "read"),
                  "write to another array and swap, or pass the very same section");
    }
  }
}

/// Throws Error(shape_mismatch) unless `in` broadcasts to the shape of `out`.
template <class In, class Out>
void check_broadcasts(const In& in, const Out& out) {
  for (std::size_t k = 0; k < In::rank; ++k) {
    const auto extent = in.shape[In::rank - 1 - k], target = out.shape[Out::rank - 1 - k];
    if (extent != 1 && extent != target)
      throw Error(Errc::shape_mismatch, "TiledPool",
                  "an input of transform (" + in.segment->subject() + ") does not line up with " +
                      "its output (" + out.segment->subject() + "): extents " +
                      std::to_string(extent) + " and " + std::to_string(target) + " on axis -" +
                      std::to_string(k + 1),
                  "inputs broadcast to the output's shape by their trailing axes");
  }
}

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
