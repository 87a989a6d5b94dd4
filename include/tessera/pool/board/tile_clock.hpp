// Floor 4, pool/board: the time limit of a worker's tile.
//
// Worker and keeper decide with one compare-and-swap whether a tile ended in time. A worker that is
// too late publishes nothing and waits until it is killed. So a tile that is reported as too late
// is not done, and a tile that is done was in time.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// The clock of one worker. It stands on the board.
class alignas(cache_line) TileClock {
 public:
  /// Nanoseconds of the steady clock, which is the same in every process.
  using Time = std::uint64_t;
  static Time now() noexcept {
    return static_cast<Time>(std::chrono::steady_clock::now().time_since_epoch().count());
  }

  // For its worker.

  /// Starts `tiles` tiles at `time`. Each may take `each` nanoseconds.
  void begin(Time time, std::uint64_t each, std::uint64_t tiles) noexcept {
    constexpr auto most = (std::numeric_limits<Time>::max)() / 4;
    due_.store(time + (std::min)(each, most / std::max<std::uint64_t>(1, tiles)) * tiles);
    ends_by_ = due_.load();
  }
  /// False if the tile was too late: the worker must publish nothing, and is being killed.
  bool end() noexcept {
    auto due = ends_by_;
    return due_.compare_exchange_strong(due, none);
  }

  // For its keeper.

  /// True if the worker's tile is now too late. The keeper must then kill the worker.
  bool expire(Time time) noexcept {
    auto due = due_.load();
    return due != none && due != expired && due < time &&
           due_.compare_exchange_strong(due, expired);
  }
  /// For a dead worker's successor. True if the dead worker's tile was too late.
  bool reset() noexcept { return due_.exchange(none) == expired; }

 private:
  static constexpr Time none = 0, expired = (std::numeric_limits<Time>::max)();

  std::atomic<Time> due_{none};
  Time ends_by_ = none;  // used by the worker only
};
static_assert(std::atomic<TileClock::Time>::is_always_lock_free);

}  // namespace tessera::detail
