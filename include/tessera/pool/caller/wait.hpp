// Floor 4, pool/caller: how the caller waits for its workers, and what it notices meanwhile.
//
// To sleep and to be woken costs some microseconds, as much as a short job. So a caller that has a
// core of its own spins for a while before it sleeps. A caller whose core a worker needs yields
// that core to the worker, and gets it back when the worker waits. Both only while jobs are short
// and nobody else wants the core.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/base/error.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/duration_history.hpp>

namespace tessera::detail {

/// How a wait begins: asleep at once, spinning on a core of its own, or yielding the core to the
/// worker that is pinned to it.
enum class WaitStrategy { sleep, spin, yield };

/// The Error of a setup that has failed.
inline Error failed_setup(const SetupReport& setup, const std::string& advice) {
  return {Errc::pool_unusable, "TiledPool", setup.text(), advice};
}

/// Of one pool's caller. Used by the thread whose job runs.
class CallerWait {
 public:
  CallerWait(const Board& board, WaitStrategy strategy) : board_(board), strategy_(strategy) {}

  /// Waits until over(). Rings are hints: it asks again after every wake and every 20 ms. Throws
  /// Error(pool_unusable) if the keeper ends, and the workers with it, or if no worker can be
  /// started.
  template <class Over>
  void wait(const host::ProcessHandle& keeper, Over&& over) const {
    if (over()) return;
    if (strategy_ == WaitStrategy::spin && host::spin_until(spinning, over, never)) return;
    sleep(keeper, over);
  }

  /// The same for a job that may be short. Until it sleeps it asks only ended(), which is true only
  /// if over() is, and which costs the workers nothing.
  template <class Ended, class Over>
  void wait_for_job(const host::ProcessHandle& keeper, Ended&& ended, Over&& over) {
    if (ended()) return;  // nothing is learnt from that
    if (strategy_ == WaitStrategy::spin) {
      if (!host::spin_until(spinning, ended, never)) sleep(keeper, over);
      return;
    }
    const auto began = Clock::now();
    bool tried = false, failed = false;
    if (strategy_ == WaitStrategy::yield) {
      tried = history_.expects_short() && all_are_pinned();
      failed = tried && !yield_core(ended);
    }
    if (!tried || failed) sleep(keeper, over);
    history_.learn(tried, failed, Clock::now() - began);
  }

  /// Tells the workers where this thread is, so that the one on the same core gives way.
  void publish_core() const noexcept {
    auto& published = board_.commands().caller_core;
    const int core = host::this_core();
    if (published.load(std::memory_order_relaxed) != core)
      published.store(core, std::memory_order_relaxed);
  }

  static Error keeper_gone() {
    return {Errc::pool_unusable, "TiledPool", "its keeper has ended, and the workers with it",
            "make a new pool; if a job was running, what its unfinished tiles hold is unknown"};
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds spinning{100};
  // Longer than any job for which it is tried should take: one that is given up sleeps as well.
  static constexpr auto yielding = 2 * long_job;
  static constexpr std::chrono::milliseconds between_looks{20}, no_worker{3000};
  static constexpr std::uint32_t most_failed_setups = 3;  // in a row, in one slot
  static constexpr auto never = [] { return false; };

  // A worker that is on another core than its own can't be given this one.
  bool all_are_pinned() const noexcept {
    return std::all_of(board_.workers().begin(), board_.workers().end(), [](const auto& slot) {
      return slot.unpinned.load(std::memory_order_relaxed) == 0;
    });
  }

  // Yields the core to the worker that is pinned to it, again and again.
  template <class Ended>
  bool yield_core(Ended&& ended) const {
    return host::spin_until(yielding, ended, [this] {
      publish_core();
      return true;
    });
  }

  template <class Over>
  void sleep(const host::ProcessHandle& keeper, Over&& over) const {
    const auto bell = board_.done_bell();
    auto last_alive = Clock::now();
    for (;;) {
      const auto epoch = bell.epoch();
      if (over()) return;
      bell.wait(epoch, between_looks);
      if (bell.epoch() != epoch) {
        // One worker has left; the others are likely to leave soon.
        if (strategy_ == WaitStrategy::yield && yield_core(over)) return;
        continue;
      }
      if (keeper.wait_ended(std::chrono::milliseconds(0))) {
        if (over()) return;  // it ended the workers first
        throw keeper_gone();
      }
      const auto now = Clock::now();
      if (any_worker_lives()) last_alive = now;
      if (now - last_alive <= no_worker) continue;
      give_up_unless_entered();
      last_alive = now;
    }
  }

  // A worker in whose slot setup after setup has failed counts once it is set up itself.
  bool any_worker_lives() const noexcept {
    for (std::size_t w = 0; w < board_.processes().size(); ++w)
      if (board_.processes()[w].pid.load() != 0 && failed_setups(w) < most_failed_setups)
        return true;
    return false;
  }
  std::uint32_t failed_setups(std::size_t w) const noexcept {
    return board_.setups()[w].failures(board_.processes()[w].number.load());
  }

  /// No worker has lived for long. Throws, unless one has entered the round after all.
  void give_up_unless_entered() const {
    auto& gate = board_.commands().gate;
    // Disarmed first: a worker that can be started after all must find no job to begin.
    const auto armed = gate.round.exchange(0);
    // Another number was written by a kernel: it means nobody.
    const bool entered = armed != 0 && std::any_of(board_.workers().begin(), board_.workers().end(),
                                                   [armed](const auto& slot) {
                                                     return slot.inside.load() == armed;
                                                   });
    for (std::size_t w = 0; !entered && w < board_.setups().size(); ++w)
      if (failed_setups(w) > 0)
        throw failed_setup(board_.setups()[w],
                           "mend what the function misses, and try again: the pool still tries");
    if (!entered)
      throw Error(Errc::pool_unusable, "TiledPool", "no worker process can be started",
                  host::has_ulimits
                      ? "see the limit of processes (ulimit -u) and the memory that is free"
                      : "see the memory that is free, and that the program's file is in place");
    gate.round.store(armed);
    board_.work_bell().ring();
  }

  const Board& board_;
  WaitStrategy strategy_;
  DurationHistory history_;
};

}  // namespace tessera::detail
