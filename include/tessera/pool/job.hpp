// Floor 3, pool: what a job gives back: results, Report, JobError.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>

namespace tessera {

/// How the last job went.
struct Report {
  std::size_t tiles = 0;                      ///< of the job
  std::vector<std::size_t> tiles_per_worker;  ///< finished, by worker
  std::size_t rerun_tiles = 0;   ///< taken over from workers that died before they started them
  std::size_t workers_lost = 0;  ///< died during the job; each was replaced
  double seconds = 0;            ///< from the call to the last tile
};

/// A job that did not finish: a kernel threw (Errc::kernel_failed) or a worker died in the middle
/// of a tile (Errc::worker_died). All tiles that are not listed are done and stay.
class JobError : public Error {
 public:
  JobError(Errc code, std::string_view happened, std::string_view advice,
           std::vector<std::size_t> tiles, std::vector<std::size_t> unknown_tiles)
      : Error(code, "TiledPool", happened, advice),
        unfinished(std::move(tiles)),
        unknown(std::move(unknown_tiles)) {}

  std::vector<std::size_t> unfinished;  ///< numbers of the tiles that are not done, ascending
  std::vector<std::size_t>
      unknown;  ///< those among them that a dead worker had begun: partly written
};

}  // namespace tessera
