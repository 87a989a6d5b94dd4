// Floor 4, pool/board: by when a worker's tile must have ended.
//
// Worker and keeper decide with one compare-and-swap whether a tile ended in time. A worker that is
// too late publishes nothing and waits until it is killed. So a tile that is reported as too late
// is never done, and a tile that is done was never too late.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// One worker's, on the board.
class alignas(cache_line) TileClock {
 public:
  /// Of the steady clock, in nanoseconds: the same in every process.
  using Time = std::uint64_t;
  static Time now() noexcept {
    return static_cast<Time>(std::chrono::steady_clock::now().time_since_epoch().count());
  }

  // For its worker.

  /// Tiles that have `each` nanoseconds each begin at `time`.
  void begin(Time time, std::uint64_t each, std::uint64_t tiles) noexcept {
    constexpr auto most = (std::numeric_limits<Time>::max)() / 4;
    due_.store(time + (std::min)(each, most / std::max<std::uint64_t>(1, tiles)) * tiles);
    ends_by_ = due_.load();
  }
  /// False if this worker is to be ended: then it must publish nothing any more.
  bool end() noexcept {
    auto due = ends_by_;
    return due_.compare_exchange_strong(due, none);
  }

  // For its keeper.

  /// True if its tile should have ended before `time`: from then on its worker is lost.
  bool expire(Time time) noexcept {
    auto due = due_.load();
    return due != none && due != expired && due < time &&
           due_.compare_exchange_strong(due, expired);
  }
  /// Its worker is dead, and another will come. True if it died since its tile had expired.
  bool reset() noexcept { return due_.exchange(none) == expired; }

 private:
  static constexpr Time none = 0, expired = (std::numeric_limits<Time>::max)();

  std::atomic<Time> due_{none};
  Time ends_by_ = none;  // the worker's own
};
static_assert(std::atomic<TileClock::Time>::is_always_lock_free);

}  // namespace tessera::detail
