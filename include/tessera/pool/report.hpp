// Public: Report, Progress, JobError. Floor 4, pool: what is reported of a job.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>

namespace tessera {

/// How a job went.
struct Report {
  std::size_t tiles = 0;                      ///< that the job computed: see Progress
  std::vector<std::size_t> tiles_per_worker;  ///< finished, by worker
  std::size_t rerun_tiles = 0;                ///< taken over from workers that died
  std::size_t workers_lost = 0;               ///< died during the job; each was replaced
  double seconds = 0;  ///< from its turn, or the call of map, to the last tile
};

/// How far a job is, in tiles; in tiles' worth where a transform goes slab by slab.
struct Progress {
  std::size_t done = 0;
  std::size_t total = 0;  ///< that the job computes: those of JobOptions::only, else all
};

/// A job that did not finish: a kernel threw (Errc::kernel_failed), a worker died in the middle of
/// a tile (Errc::worker_died) or the job was cancelled (Errc::cancelled). All tiles of the job that
/// are not listed are done and stay.
class JobError : public Error {
 public:
  /// What a kernel threw.
  struct Failure {
    std::size_t tile;
    std::string text;  ///< its what(), cut after 1500 bytes
  };

  JobError(Errc code, std::string_view happened, std::string_view advice,
           std::vector<std::size_t> tiles, std::vector<std::size_t> unknown_tiles,
           std::vector<Failure> thrown = {})
      : Error(code, "TiledPool", happened, advice),
        unfinished(std::move(tiles)),
        unknown(std::move(unknown_tiles)),
        failures(std::move(thrown)) {}

  std::vector<std::size_t> unfinished;  ///< numbers of the tiles that are not done, ascending
  std::vector<std::size_t>
      unknown;                    ///< those among them that a dead worker had begun: partly written
  std::vector<Failure> failures;  ///< of the first sixteen that threw, in the order of throwing
};

}  // namespace tessera
