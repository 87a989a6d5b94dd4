// Public: Report, TileTime, Progress, JobError. Floor 4, pool: the figures and the error of a job.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>

namespace tessera {

/// When and where a tile was computed.
struct TileTime {
  std::size_t tile;    ///< its number
  std::size_t worker;  ///< number of the worker
  double begin;        ///< seconds since the job's start
  double end;          ///< as begin
};

/// Figures of a job.
struct Report {
  std::size_t tiles = 0;                      ///< tiles of the job: as Progress::total
  std::vector<std::size_t> tiles_per_worker;  ///< finished tiles, one entry for each worker
  std::size_t rerun_tiles = 0;                ///< tiles that ran again after a worker died
  std::size_t workers_lost = 0;  ///< workers that died during the job; each was replaced
  double seconds = 0;            ///< from the job's start, after its wait, to its last tile
  /// With JobOptions::timeline: every tile that ended, in the order of their beginnings. A
  /// transform has an entry for each slab of a tile, and equal times for tiles that were computed
  /// in one call.
  std::vector<TileTime> timeline{};
};

/// How many tiles of a job are done. A transform that works slab by slab converts slabs to tiles.
struct Progress {
  std::size_t done = 0;   ///< tiles that are done
  std::size_t total = 0;  ///< tiles to compute: those of JobOptions::only, else all
};

/// A job that did not finish: a kernel threw (Errc::kernel_failed), a worker died in a tile
/// (Errc::worker_died), or the job was cancelled (Errc::cancelled). Tiles of the job that are not
/// listed are done.
///
///     try {
///       pool.map({4, 4}, kernel, into(a));
///     } catch (const JobError& error) {
///       pool.map({4, 4}, {.only = error.unfinished}, kernel, into(a));
///     }
class JobError : public Error {
 public:
  /// An exception that a kernel threw.
  struct Failure {
    std::size_t tile;  ///< its number
    std::string text;  ///< its what(), at most 1500 bytes
  };

  /// The library makes it. The lists are those of the members.
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
