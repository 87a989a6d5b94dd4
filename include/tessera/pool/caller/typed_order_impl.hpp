// Floor 4, pool/caller: the definitions of typed_order.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/caller/typed_order.hpp>
#include <tessera/pool/job_options.hpp>

namespace tessera::detail {

TESSERA_FUNC void begin_order(JobOrder& order, const JobOptions& given, bool reruns,
                              std::span<const Argument> arguments, std::span<std::size_t> extents) {
  auto options = checked_options(given);
  order.collects = options.on_throw == OnThrow::collect;
  order.reruns = reruns;
  order.max_attempts = options.max_attempts;
  order.tile_timeout = static_cast<std::uint64_t>(options.tile_timeout.count());
  order.only = std::move(options.only);
  order.timeline = options.timeline;
  order.arguments.assign(arguments.begin(), arguments.end());
  line_up(order.arguments, extents);
}

TESSERA_FUNC void check_writes(const JobOrder& order, std::span<const std::size_t> extents,
                               std::span<const std::size_t> counts) {
  for (std::size_t i = 0; i < order.arguments.size(); ++i)
    check_disjoint(order.arguments[i], i, extents, counts);
  check_overlaps(order.arguments);
}

TESSERA_FUNC void finish_order(JobOrder& order, std::span<const std::byte> kernel,
                               std::span<const std::size_t> extents,
                               std::span<const std::size_t> tile, std::size_t tiles,
                               std::size_t user_tiles) {
  order.kernel.assign(kernel.begin(), kernel.end());
  order.tiles = tiles;
  if (user_tiles != 0) order.slabs_per_tile = std::max<std::size_t>(1, tiles / user_tiles);
  order.axes = extents.size();
  std::copy(extents.begin(), extents.end(), order.grid.begin());
  std::copy(tile.begin(), tile.end(), order.tile.begin());
  if (auto only = chosen(std::move(order.only), order.user_tiles())) order.choose(*std::move(only));
}

}  // namespace tessera::detail
