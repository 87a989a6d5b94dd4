// Floor 3, pool: what became of a job's tiles, and how that is told.
//
// Read from the tiles' bytes alone. That all are done can be believed at any time, the rest when
// nobody is inside the job any more: a tile that is still
// `started` was begun by a worker that died there.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <tessera/host/process.hpp>
#include <tessera/pool/job_board.hpp>
#include <tessera/pool/job_error.hpp>

namespace tessera::detail {

/// How many had died in each worker's place before the job.
using Ends = std::vector<std::uint32_t>;

struct Outcome {
  std::vector<std::size_t> open, unknown, failed;  ///< by the numbers that the caller knows
  std::size_t lost_workers = 0;
  std::string deaths;
  bool again = false;
  bool complete() const { return open.empty() && unknown.empty() && failed.empty(); }
};

/// What became of the tiles, from their bytes alone.
inline Outcome look(const Board& board, const Round& round, const JobOrder& order,
                    const Ends& ends_before) {
  Outcome out;
  for (std::size_t k = 0; k < order.tiles; ++k) {
    switch (round.state(k)) {
      case TileState::done: break;
      case TileState::open: out.open.push_back(k); break;
      case TileState::failed: out.failed.push_back(k); break;
      default: out.unknown.push_back(k);  // started, or a byte that nobody of ours wrote
    }
  }
  for (std::size_t w = 0; w < board.slots().size(); ++w) {
    const auto& slot = board.slots()[w];
    const auto died = slot.ends.load() - ends_before[w];
    if (died == 0) continue;
    out.lost_workers += died;
    out.deaths += (out.deaths.empty() ? "" : ", ") + std::string("worker ") + std::to_string(w) +
                  " (process " + std::to_string(slot.last_pid.load()) + ") " +
                  host::end_in_words(slot.last_end.load());
  }
  for (auto* tiles : {&out.open, &out.unknown, &out.failed}) *tiles = order.told(std::move(*tiles));
  out.again = !out.open.empty() && !round.stopped();
  return out;
}

/// True if workers die again and again without beginning a tile: nothing would ever end that.
inline bool hopeless(const Board& board, const JobMemory& memory, const Ends& ends_before) {
  std::size_t lost = 0;
  for (std::size_t w = 0; w < board.slots().size(); ++w)
    lost += board.slots()[w].ends.load() - ends_before[w];
  if (lost <= board.slots().size() + 16) return false;
  const auto bytes = memory.tile_bytes();
  const auto begun =
      std::count(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(TileState::started));
  return lost > static_cast<std::size_t>(begun) + board.slots().size() + 16;
}

/// What the dead left behind, in words: who they were, and which tiles.
inline std::string words_of(const Outcome& outcome) {
  if (outcome.unknown.empty()) return outcome.deaths + " before they began a tile";
  std::string tiles;
  for (std::size_t i = 0; i < std::min<std::size_t>(outcome.unknown.size(), 20); ++i)
    tiles += (i ? ", " : "") + std::to_string(outcome.unknown[i]);
  if (outcome.unknown.size() > 20) tiles += ", ...";
  return outcome.deaths + "; the state of tile " + tiles + " is unknown";
}

/// The error of a job that did not finish. What a kernel throws to end early after a cancel does
/// not make its job a failed one.
inline JobError failure(const Board& board, const JobOrder& order, const Outcome& outcome,
                        bool cancelled) {
  std::vector<std::size_t> unfinished;
  for (const auto* tiles : {&outcome.open, &outcome.unknown, &outcome.failed})
    unfinished.insert(unfinished.end(), tiles->begin(), tiles->end());
  unfinished = order.told(std::move(unfinished));
  const auto asked = order.asked() / order.parts;
  const auto counts = std::to_string(asked - unfinished.size()) + " of " + std::to_string(asked) +
                      " tiles are done and stay";
  const auto& log = board.head().failures;
  std::vector<JobError::Failure> thrown;
  for (auto& told : log.told())
    thrown.push_back({told.tile % order.told_tiles(), std::move(told.text)});
  std::string threw;
  if (!thrown.empty()) {
    threw = "the kernel threw in tile " + std::to_string(thrown[0].tile) + ": " + thrown[0].text;
    // Of tiles that were merged to one, all failed though it threw once.
    if (const auto times = std::min<std::uint64_t>(log.thrown(), outcome.failed.size()); times > 1)
      threw += " (and in " + std::to_string(times - 1) + " more)";
  }
  const auto error = [&](Errc code, const std::string& happened, const std::string& advice) {
    return JobError(code, happened, advice, std::move(unfinished), outcome.unknown,
                    std::move(thrown));
  };

  std::string also = threw.empty() ? "" : "; " + threw;
  if (!outcome.unknown.empty()) also += "; " + words_of(outcome);
  if (cancelled) return error(Errc::cancelled, "the job was cancelled" + also, counts);
  for (const auto& outside : log.told_outside())
    return error(outside.code, "a worker could not begin the job: " + outside.text, counts);
  if (!threw.empty()) return error(Errc::kernel_failed, also.substr(2), counts);
  if (log.any())
    return error(Errc::worker_died, outcome.deaths + " while it told of a failure", counts);
  return error(Errc::worker_died, words_of(outcome),
               outcome.unknown.empty()
                   ? counts
                   : counts + ", dead workers are replaced, and the pool can be used");
}

}  // namespace tessera::detail
