// Floor 4, pool: the definitions of job_options.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/pool/job_options.hpp>

namespace tessera::detail {

TESSERA_FUNC JobOptions checked_options(JobOptions options) {
  if (options.tile_deadline.given) options.tile_timeout = *options.tile_deadline.given;
  if (options.tries.given) options.max_attempts = *options.tries.given;
  if (options.max_attempts == 0)
    throw Error(Errc::invalid_argument, "TiledPool", "JobOptions::max_attempts is 0",
                "1 computes no tile again that a dead worker had begun");
  if (options.tile_timeout.count() < 0)
    throw Error(Errc::invalid_argument, "TiledPool", "JobOptions::tile_timeout is negative",
                "give the longest time that a tile may take, or 0 for no limit");
  return options;
}

TESSERA_FUNC std::optional<std::vector<std::size_t>> chosen(
    std::optional<std::vector<std::size_t>> only, std::size_t tiles) {
  if (!only) return only;
  std::sort(only->begin(), only->end());
  only->erase(std::unique(only->begin(), only->end()), only->end());
  if (!only->empty() && only->back() >= tiles)
    throw Error(
        Errc::invalid_argument, "TiledPool",
        "JobOptions::only asks for tile " + std::to_string(only->back()) + ", and the job has " +
            std::to_string(tiles) + " tiles",
        "tiles are numbered from 0, row-major; give the tile shape that the numbers are of");
  return only;
}

}  // namespace tessera::detail
