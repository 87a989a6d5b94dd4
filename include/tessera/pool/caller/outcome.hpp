// Floor 4, pool/caller: what became of a job's tiles, and how that is told.
//
// Read from the tiles' bytes alone. That all are done can be believed at any time, the rest when
// nobody is inside the job any more: a tile that is still
// `started` was begun by a worker that died there.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/text.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// How many had died in each worker's place before the job.
using Ends = std::vector<std::uint32_t>;

struct Outcome {
  std::vector<std::size_t> open, unknown, failed;
  std::size_t lost_workers = 0;
  std::string deaths;
  bool complete() const { return open.empty() && unknown.empty() && failed.empty(); }
};

inline std::string seconds_of_deadline(const JobOrder& order) {
  std::ostringstream out;
  out << static_cast<double>(order.tile_deadline) / 1e9 << " s";
  return out.str();
}

/// A tile as the caller knows it, in words: its number and its box in the tiled axes, as a slice.
inline std::string words_of_tile(const JobOrder& order, std::size_t number) {
  std::vector<std::string> slices(order.axes);
  std::size_t left = number, walked = 1;
  for (std::size_t d = order.axes; d-- > 0;) {
    const auto extent = order.grid[d], length = order.tile[d];
    auto& slice = slices[d];
    if (walked >= order.told_tiles() || length >= extent) {
      slice += ':';  // whole, or cut in parts that are not told
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
  for (std::size_t w = 0; w < board.worker_slots().size(); ++w) {
    const auto& slot = board.worker_slots()[w];
    const auto died = slot.ends.load() - ends_before[w];
    if (died == 0) continue;
    out.lost_workers += died;
    append_item(out.deaths,
                std::string("worker ") + std::to_string(w) + " (process " +
                    std::to_string(slot.last_pid.load()) + ") " +
                    (board.clocks()[w].last_was_late()
                         ? "was killed: its tile took longer than " + seconds_of_deadline(order)
                         : host::end_in_words(slot.last_end.load())));
  }
  return out;
}

/// Rounds that end as they began. Each should end a tile or cost a worker; where a worker has
/// written all over the job's memory, the others may do neither for ever.
class Fruitless {
 public:
  bool for_too_long(const Outcome& outcome) noexcept {
    const std::array now{outcome.open.size(), outcome.unknown.size(), outcome.lost_workers};
    rounds_ = now == before_ ? rounds_ + 1 : 0;
    before_ = now;
    return rounds_ >= 100;
  }

 private:
  std::array<std::size_t, 3> before_{};
  unsigned rounds_ = 0;
};

/// Tiles that dead workers had begun, and that are computed again.
class Tries {
 public:
  /// Makes those open that have not cost as many workers as one may, to be computed one by one, and
  /// says which. Only while nobody is inside.
  std::vector<std::size_t> reopen(const JobOrder& order, JobMemory& memory,
                                  const std::vector<std::size_t>& lost) {
    std::vector<std::size_t> out;
    for (const auto tile : lost) {
      if (++begun_[tile] >= order.tries) continue;
      memory.tile_bytes()[tile].store(static_cast<std::uint8_t>(TileState::open));
      out.push_back(tile);
    }
    if (!out.empty()) memory.compute_tiles_alone();
    return out;
  }

 private:
  std::map<std::size_t, unsigned> begun_;
};

/// Deaths with no tile ended in between. A kernel that always ends its worker is given up soon, not
/// after every tile.
class DeathsInARow {
 public:
  /// So many are more than chance and every try of a tile explain.
  DeathsInARow(std::size_t workers, const JobOrder& order)
      : most_(workers + 16 + (order.reruns ? order.tries : 0)) {}

  /// Tiles are counted only where somebody has died since.
  bool too_many(const Board& board, const JobMemory& memory, const Ends& ends_before) {
    std::size_t deaths = 0;
    for (std::size_t w = 0; w < board.worker_slots().size(); ++w)
      deaths += board.worker_slots()[w].ends.load() - ends_before[w];
    if (deaths == deaths_) return given_up();
    const auto bytes = memory.tile_bytes();
    const auto ended = static_cast<std::size_t>(
        std::count_if(bytes.begin(), bytes.end(), [](const TileByte& byte) {
          const auto state = static_cast<TileState>(byte.load(std::memory_order_relaxed));
          return state == TileState::done || state == TileState::failed;
        }));
    // Of those who died since the last look, who died before the tile ended is not known.
    if (ended != std::exchange(ended_, ended)) before_ = deaths;
    deaths_ = deaths;
    return given_up();
  }
  bool given_up() const noexcept { return deaths_ - before_ > most_; }
  std::string in_words() const {
    return std::to_string(deaths_ - before_) +
           " workers died in a row and no tile was finished: given up";
  }

 private:
  std::size_t most_, deaths_ = 0, before_ = 0, ended_ = 0;
};

/// What the dead left behind, in words: who they were, and which tiles.
inline std::string words_of(const Outcome& outcome, const JobOrder& order,
                            const DeathsInARow& deaths) {
  const auto given_up = deaths.given_up() ? "; " + deaths.in_words() : "";
  const auto unknown = order.told(outcome.unknown);
  if (unknown.empty() && outcome.lost_workers == 0)
    return "no worker computes the tiles that are left: a kernel has written over the job's memory";
  if (unknown.empty()) return outcome.deaths + " before they began a tile" + given_up;
  std::string tiles;
  for (std::size_t i = 0; i < std::min<std::size_t>(unknown.size(), 20); ++i)
    append_item(tiles, words_of_tile(order, unknown[i]));
  if (unknown.size() > 20) tiles += ", ...";
  std::string tried;
  if (order.reruns && order.tries > 1 && given_up.empty())
    tried = ", after " + std::to_string(order.tries) + " tries that each cost a worker";
  return outcome.deaths + "; the state of tile " + tiles + " is unknown" + tried + given_up;
}

/// Puts back what stood behind the data of a job's arrays, where a worker could not attach to one
/// because a kernel has written over that. Only when nobody is inside.
inline void restore_overrun(const Board& board, const JobOrder& order) {
  for (const auto& outside : board.head().failures.told_outside()) {
    if (outside.text.find(written_behind) == std::string::npos) continue;
    for (const auto& argument : order.arguments)
      if (argument.record.writes != 0 && !argument.segment->intact()) argument.segment->restore();
    return;
  }
}

/// The error of a job that did not finish. What a kernel throws to end early after a cancel does
/// not make its job a failed one.
inline JobError failure(const Board& board, const JobOrder& order, const Outcome& outcome,
                        const DeathsInARow& deaths, bool cancelled) {
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
    threw =
        "the kernel threw in tile " + words_of_tile(order, thrown[0].tile) + ": " + thrown[0].text;
    // Of tiles that were merged to one, all failed though it threw once.
    if (const auto times = std::min<std::uint64_t>(log.thrown(), outcome.failed.size()); times > 1)
      threw += " (and in " + std::to_string(times - 1) + " more)";
  }
  const auto error = [&](Errc code, const std::string& happened, const std::string& advice) {
    return JobError(code, happened, advice, std::move(unfinished), order.told(outcome.unknown),
                    std::move(thrown));
  };

  std::string also = threw.empty() ? "" : "; " + threw;
  if (!outcome.unknown.empty()) also += "; " + words_of(outcome, order, deaths);
  if (cancelled) return error(Errc::cancelled, "the job was cancelled" + also, counts);
  for (const auto& outside : log.told_outside())
    return error(outside.code, "a worker could not begin the job: " + outside.text, counts);
  if (!threw.empty()) return error(Errc::kernel_failed, also.substr(2), counts);
  if (log.any())
    return error(Errc::worker_died, outcome.deaths + " while it told of a failure", counts);
  return error(Errc::worker_died, words_of(outcome, order, deaths),
               outcome.unknown.empty()
                   ? counts
                   : counts + ", dead workers are replaced, and the pool can be used" +
                         (deaths.given_up() ? "; look at one of these tiles in "
                                              "TiledPool::in_caller(), with JobOptions::only"
                                            : ""));
}

}  // namespace tessera::detail
