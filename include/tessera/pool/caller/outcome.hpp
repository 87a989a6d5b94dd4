// Floor 4, pool/caller: the state of a job's tiles at its end, and the JobError that reports it.
//
// It is read from the tiles' bytes only. "All tiles are done" is final whenever it is read.
// Everything else is final only when nobody is inside the job: a tile that is still `started` then
// was started by a worker that died in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/text.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/caller/cancel_token.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// How many processes of each slot had died before the job.
using Deaths = std::vector<std::uint32_t>;

inline Deaths deaths_so_far(const Board& board) {
  Deaths out;
  for (const auto& process : board.processes()) out.push_back(process.deaths.load());
  return out;
}

struct Outcome {
  std::vector<std::size_t> open, unknown, failed;  ///< numbers of tiles, ascending
  std::size_t lost_workers = 0;
  std::string deaths;  ///< which workers died, and how
  bool complete() const { return open.empty() && unknown.empty() && failed.empty(); }
};

/// A tile of the user, for an Error: its number, and its box in the tiled axes as a slice.
inline std::string describe_tile(const JobOrder& order, std::size_t number) {
  std::vector<std::string> slices(order.axes);
  std::size_t left = number, walked = 1;
  for (std::size_t d = order.axes; d-- > 0;) {
    const auto extent = order.grid[d], length = order.tile[d];
    auto& slice = slices[d];
    if (walked >= order.user_tiles() || length >= extent) {
      slice += ':';  // a whole axis, or one that is cut into slabs, which the user does not see
      continue;
    }
    const auto count = (extent + length - 1) / length, at = left % count * length;
    left /= count;
    walked *= count;
    slice = std::to_string(at);
    slice += ':';
    slice += std::to_string((std::min)(at + length, extent));
  }
  std::string box(order.axes == 0 ? 0 : 3, '.');
  for (const auto& slice : slices) append_item(box, slice);
  return std::to_string(number) + " [" + box + "]";
}

/// How the last process of a slot ended, for an Error.
inline std::string describe_death(const ProcessSlot& process, const JobOrder& order) {
  if (process.last_was_late.load() == 0) return host::describe_exit(process.last_status.load());
  std::ostringstream seconds;
  seconds << static_cast<double>(order.tile_timeout) / 1e9;
  return "was killed: its tile took longer than " + seconds.str() + " s";
}

inline Outcome read_outcome(const Board& board, const Round& round, const JobOrder& order,
                            const Deaths& deaths_before) {
  Outcome out;
  for (std::size_t k = 0; k < order.tiles; ++k) {
    switch (round.state(k)) {
      case TileState::done: break;
      case TileState::open: out.open.push_back(k); break;
      case TileState::failed: out.failed.push_back(k); break;
      default: out.unknown.push_back(k);  // started, or a byte that a kernel wrote
    }
  }
  for (std::size_t w = 0; w < deaths_before.size(); ++w) {
    const auto& process = board.processes()[w];
    const auto died = process.deaths.load() - deaths_before[w];
    if (died == 0) continue;
    out.lost_workers += died;
    append_item(out.deaths, "worker " + std::to_string(w) + " (process " +
                                std::to_string(process.last_pid.load()) + ") " +
                                describe_death(process, order));
  }
  return out;
}

/// What dead workers left undone, for an Error: which workers, which tiles.
inline std::string describe_losses(const Outcome& outcome, const JobOrder& order,
                                   const std::string& gave_up) {
  const auto given_up = gave_up.empty() ? "" : "; " + gave_up;
  const auto unknown = order.as_user_tiles(outcome.unknown);
  if (unknown.empty() && outcome.lost_workers == 0)
    return "no worker computes the tiles that are left: a kernel has written over the job's memory";
  if (unknown.empty()) return outcome.deaths + " before they began a tile" + given_up;
  constexpr std::size_t most = 20;
  std::string tiles;
  for (std::size_t i = 0; i < (std::min)(unknown.size(), most); ++i)
    append_item(tiles, describe_tile(order, unknown[i]));
  if (unknown.size() > most) tiles += ", ...";
  std::string attempts;
  if (order.reruns && order.max_attempts > 1 && given_up.empty())
    attempts =
        ", after " + std::to_string(order.max_attempts) + " attempts that each cost a worker";
  return outcome.deaths + "; the state of tile " + tiles + " is unknown" + attempts + given_up;
}

/// What kernels threw, for an Error: the first text, and how many more.
inline std::string describe_throws(const Outcome& outcome, const JobOrder& order,
                                   const FailureLog& log,
                                   const std::vector<JobError::Failure>& thrown) {
  if (thrown.empty()) return {};
  const auto& first = thrown.front();
  auto out = "the kernel threw in tile " + describe_tile(order, first.tile) + ": " + first.text;
  // If merged tiles fail, all of them count as failed, but the kernel threw once.
  if (const auto times = std::min<std::uint64_t>(log.thrown(), outcome.failed.size()); times > 1)
    out += " (and in " + std::to_string(times - 1) + " more)";
  return out;
}

/// The error of a job that did not finish. If a kernel throws because of a cancel, the job counts
/// as cancelled, not as failed. `gave_up`: why the job was given up early; empty if it was not.
inline JobError make_error(const Board& board, const JobOrder& order, const Outcome& outcome,
                           const std::string& gave_up) {
  std::vector<std::size_t> unfinished;
  for (const auto* tiles : {&outcome.open, &outcome.unknown, &outcome.failed})
    unfinished.insert(unfinished.end(), tiles->begin(), tiles->end());
  unfinished = order.as_user_tiles(std::move(unfinished));
  const auto wanted = order.wanted_user_tiles();
  const auto counts = std::to_string(wanted - unfinished.size()) + " of " + std::to_string(wanted) +
                      " tiles are done and stay";
  const auto& log = board.replies().failures;
  std::vector<JobError::Failure> thrown;
  for (auto& record : log.of_tiles())
    thrown.push_back({record.tile % order.user_tiles(), std::move(record.text)});
  const auto threw = describe_throws(outcome, order, log, thrown);
  const auto error = [&](Errc code, const std::string& happened, const std::string& advice) {
    return JobError(code, happened, advice, std::move(unfinished),
                    order.as_user_tiles(outcome.unknown), std::move(thrown));
  };

  std::string also = threw.empty() ? "" : "; " + threw;
  if (!outcome.unknown.empty()) also += "; " + describe_losses(outcome, order, gave_up);
  if (order.cancelled()) return error(Errc::cancelled, "the job was cancelled" + also, counts);
  for (const auto& record : log.outside_tiles())
    return error(record.code, "a worker could not begin the job: " + record.text, counts);
  if (!threw.empty()) return error(Errc::kernel_failed, also.substr(2), counts);
  if (log.any())
    return error(Errc::worker_died, outcome.deaths + " while it reported a failure", counts);
  auto advice = counts;
  if (!outcome.unknown.empty()) {
    advice += ", dead workers are replaced, and the pool can be used";
    if (!gave_up.empty())
      advice += "; look at one of these tiles in TiledPool::in_caller(), with JobOptions::only";
  }
  return error(Errc::worker_died, describe_losses(outcome, order, gave_up), advice);
}

}  // namespace tessera::detail
