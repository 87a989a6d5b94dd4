// Floor 4, pool/caller: which tiles of dead workers run again, and when a job is given up.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/job_memory.hpp>
#include <tessera/pool/caller/job_order.hpp>

namespace tessera::detail {

/// Detects rounds that change nothing. Every round should end a tile or cost a worker. If a kernel
/// has written over tile bytes and ranges, rounds may do neither, for ever.
class StallDetector {
 public:
  bool stalled(std::size_t open, std::size_t unknown, std::size_t lost_workers) noexcept {
    const std::array now{open, unknown, lost_workers};
    rounds_ = now == before_ ? rounds_ + 1 : 0;
    before_ = now;
    return rounds_ >= 100;
  }

 private:
  std::array<std::size_t, 3> before_{};
  unsigned rounds_ = 0;
};

/// Counts how often each tile was started by a worker that died in it.
class RetryCounter {
 public:
  /// Opens and returns those of the `unknown` tiles that have cost fewer than max_attempts workers.
  /// They are computed one by one. Only while nobody is inside.
  std::vector<std::size_t> reopen(const JobOrder& order, JobMemory& memory,
                                  const std::vector<std::size_t>& unknown) {
    std::vector<std::size_t> out;
    for (const auto tile : unknown) {
      if (++attempts_[tile] >= order.max_attempts) continue;
      memory.tile_bytes()[tile].store(static_cast<std::uint8_t>(TileState::open));
      out.push_back(tile);
    }
    if (!out.empty()) memory.set_one_by_one();
    return out;
  }

 private:
  std::map<std::size_t, unsigned> attempts_;
};

/// Detects workers that die one after the other while no tile ends. A job whose kernel always ends
/// its worker is given up soon, not after every tile.
class CrashLoop {
 public:
  /// The limit is higher than chance deaths, or all attempts of one tile, can reach.
  CrashLoop(const JobOrder& order, std::vector<std::uint32_t> deaths_before)
      : limit_(deaths_before.size() + 16 + (order.reruns ? order.max_attempts : 0)),
        deaths_before_(std::move(deaths_before)) {}

  /// Reads the tiles only if a worker has died since the last call.
  bool given_up(const Board& board, const JobMemory& memory) {
    std::size_t deaths = 0;
    for (std::size_t w = 0; w < deaths_before_.size(); ++w)
      deaths += board.processes()[w].deaths.load() - deaths_before_[w];
    if (deaths == deaths_) return given_up();
    const auto bytes = memory.tile_bytes();
    const auto ended = static_cast<std::size_t>(
        std::count_if(bytes.begin(), bytes.end(), [](const TileByte& byte) {
          const auto state = static_cast<TileState>(byte.load(std::memory_order_relaxed));
          return state == TileState::done || state == TileState::failed;
        }));
    // Only more than ever counts: a kernel that writes over tile bytes may open tiles again. It is
    // not known which of those who died since the last call died before the tile ended.
    if (ended > most_ended_) {
      most_ended_ = ended;
      in_a_row_from_ = deaths;
    }
    deaths_ = deaths;
    return given_up();
  }
  bool given_up() const noexcept { return in_a_row() > limit_; }
  /// A text for an Error; empty if the job is not given up.
  std::string describe() const {
    if (!given_up()) return {};
    return std::to_string(in_a_row()) + " workers died in a row and no tile was finished: given up";
  }
  const std::vector<std::uint32_t>& deaths_before() const noexcept { return deaths_before_; }

 private:
  std::size_t in_a_row() const noexcept { return deaths_ - in_a_row_from_; }

  std::size_t limit_, deaths_ = 0, in_a_row_from_ = 0, most_ended_ = 0;
  std::vector<std::uint32_t> deaths_before_;  // in each worker's place
};

}  // namespace tessera::detail
