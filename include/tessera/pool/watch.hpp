// Floor 3, pool: how the caller waits for its workers, and what it notices meanwhile.
//
// Sleeping and being woken costs some microseconds, as much as a short job. So a caller that has a
// core of its own turns a while first, and one whose core a worker needs gives it away and is next
// when that worker gives it back. Both only as long as jobs are short and nobody else wants the
// core; then it sleeps.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include <tessera/base/error.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/job_board.hpp>

namespace tessera::detail {

/// Of one pool's caller; used by the thread whose job it is.
class Watch {
 public:
  /// How a wait begins: at once asleep, turning on a core of its own, or giving the core to the
  /// worker that is bound to it.
  enum class Manner { sleep, turn, yield };

  Watch(const Board& board, Manner manner) : board_(board), manner_(manner) {}

  /// Waits until over(). Rings are hints: it looks again after every wake and every 20 ms. Throws
  /// Error(pool_unusable) if the keeper ends, and the workers with it, or none can be started.
  template <class Over>
  void wait(const host::ProcessHandle& keeper, Over&& over) {
    if (over()) return;  // nothing is learnt from that
    const auto began = Clock::now();
    // A job so small that another worker has done it before this core could be given away.
    if (manner_ == Manner::yield && last_was_tiny_ &&
        host::turn_until(glance, over, [] { return false; }))
      return;
    const bool tried = manner_ == Manner::turn || (manner_ == Manner::yield && expects_short());
    if (!tried || !host::turn_until(patience_turning, over, [this] { return yields(); }))
      sleep(keeper, over);
    learn(tried, Clock::now() - began);
  }

  /// Tells the workers where this thread is, so that the one that shares its core makes way.
  void tell_core() const noexcept {
    auto& told = board_.head().caller_core;
    const int core = host::this_core();
    if (told.load(std::memory_order_relaxed) != core) told.store(core, std::memory_order_relaxed);
  }

  static Error keeper_gone() {
    return {Errc::pool_unusable, "TiledPool",
            "its keeper process has ended, and the workers with it",
            "make a new pool; if a job was running, what its unfinished tiles hold is unknown"};
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds patience_turning{100}, short_wait{200};
  static constexpr std::chrono::microseconds glance{2}, tiny_wait{8};
  static constexpr std::chrono::milliseconds patience{20}, no_worker{3000};

  bool yields() const noexcept {
    if (manner_ != Manner::yield) return false;
    tell_core();
    return true;
  }
  bool expects_short() noexcept {
    if (pause_ > 0) --pause_;
    return last_was_short_ && pause_ == 0 &&
           board_.head().loose.load(std::memory_order_relaxed) == 0;
  }
  // A core that was given away came back late: somebody else wanted it. Tried again after more and
  // more jobs.
  void learn(bool tried, Clock::duration took) noexcept {
    if (manner_ == Manner::yield && tried && took > 10 * short_wait) {
      penalty_ = std::min(4096u, 2 * penalty_ + 16);
      pause_ = penalty_;
    } else if (took < short_wait) {
      penalty_ -= penalty_ > 0 && pause_ == 0;
    }
    last_was_short_ = took < short_wait;
    last_was_tiny_ = took < tiny_wait;
  }

  template <class Over>
  void sleep(const host::ProcessHandle& keeper, Over&& over) const {
    auto& head = board_.head();
    auto last_alive = Clock::now();
    for (;;) {
      const auto epoch = head.news.epoch();
      if (over()) return;
      head.news.wait(epoch, patience);
      if (head.news.epoch() != epoch) continue;
      if (keeper.wait_ended(std::chrono::milliseconds(0))) {
        if (over()) return;  // it ended the workers first
        throw keeper_gone();
      }
      const auto now = Clock::now();
      if (std::any_of(board_.slots().begin(), board_.slots().end(),
                      [](const auto& slot) { return slot.pid.load() != 0; }))
        last_alive = now;
      if (now - last_alive <= no_worker) continue;
      // Disarmed first: a worker that can be started after all must find no job to begin.
      const auto armed = head.gate.job.exchange(0);
      if (!board_.crew().anyone_inside())
        throw Error(Errc::pool_unusable, "TiledPool", "no worker process can be started",
                    "see the limit of processes (ulimit -u) and the memory that is free");
      head.gate.job.store(armed);
      head.work.ring();
      last_alive = now;
    }
  }

  const Board& board_;
  Manner manner_;
  bool last_was_short_ = false, last_was_tiny_ = false;
  unsigned pause_ = 0, penalty_ = 0;  // jobs for which it sleeps
};

}  // namespace tessera::detail
