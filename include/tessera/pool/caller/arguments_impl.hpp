// Floor 4, pool/caller: the definitions of arguments.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/grid/lattice.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/job_order.hpp>

namespace tessera::detail {

TESSERA_FUNC void line_up(std::span<const Argument> arguments, std::span<std::size_t> grid) {
  std::fill(grid.begin(), grid.end(), std::size_t{1});
  std::array<std::size_t, max_axes> from{};  // which argument set the extent
  bool any = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].use == Use::whole) continue;
    any = true;
    const auto shape = arguments[i].shape();
    for (std::size_t k = 0; k < (std::min)(grid.size(), shape.size()); ++k) {
      const std::size_t extent = shape[shape.size() - 1 - k], g = grid.size() - 1 - k;
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
}

TESSERA_FUNC void check_disjoint(const Argument& argument, std::size_t position,
                                 std::span<const std::size_t> grid,
                                 std::span<const std::size_t> counts) {
  if (argument.use != Use::write) return;
  const auto shape = argument.shape();
  for (std::size_t k = 0; k < grid.size(); ++k) {
    const std::size_t g = grid.size() - 1 - k;
    const std::size_t extent = k < shape.size() ? shape[shape.size() - 1 - k] : 1;
    if (counts[g] > 1 && extent != grid[g])
      throw Error(Errc::overlap, "TiledPool",
                  "all " + std::to_string(counts[g]) + " tiles along axis -" +
                      std::to_string(k + 1) + " would write the same elements of " +
                      argument.describe(position),
                  "give the output that axis, or make it one tile with tessera::full");
  }
}

TESSERA_FUNC void check_overlaps(std::span<const Argument> arguments) {
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

TESSERA_FUNC void check_broadcasts(const Argument& in, const Argument& out) {
  const auto from = in.shape(), to = out.shape();
  for (std::size_t k = 0; k < from.size(); ++k) {
    const auto extent = from[from.size() - 1 - k], target = to[to.size() - 1 - k];
    if (extent != 1 && extent != target)
      throw Error(Errc::shape_mismatch, "TiledPool",
                  "an input of transform (" + in.segment->subject() + ") does not line up with " +
                      "its output (" + out.segment->subject() + "): extents " +
                      std::to_string(extent) + " and " + std::to_string(target) + " on axis -" +
                      std::to_string(k + 1),
                  "inputs broadcast to the output's shape by their trailing axes");
  }
}

}  // namespace tessera::detail
