// Floor 4, pool/caller: how the caller waits for its workers, and what it notices meanwhile.
//
// Sleeping and being woken costs some microseconds, as much as a short job. So a caller that has a
// core of its own turns a while first, and one whose core a worker needs gives it away and is next
// when that worker gives it back. Both only as long as jobs are short and nobody else wants the
// core; then it sleeps.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

#include <tessera/base/error.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/board.hpp>

namespace tessera::detail {

/// What makes two jobs alike.
struct Kind {
  const void* serve = nullptr;
  std::size_t tiles = 0;
  friend bool operator==(const Kind&, const Kind&) = default;
};

/// How long a job is expected to take: as long as the last one of its kind.
class Habits {
 public:
  using Duration = std::chrono::nanoseconds;
  static constexpr std::chrono::microseconds short_wait{200}, tiny_wait{8};

  bool expects_tiny(const Kind& kind) noexcept { return of(kind).took < tiny_wait; }
  /// True if giving the core away is worth a try.
  bool expects_short(const Kind& kind) noexcept {
    auto& habit = of(kind);
    if (habit.pause > 0) --habit.pause;
    return habit.pause == 0 && habit.took < short_wait;
  }
  /// A job took so long. Where its caller `tried` to give the core away and that `failed` or took
  /// far longer than expected, somebody else had the core: it is tried again after more and more
  /// jobs.
  void learn(const Kind& kind, bool tried, bool failed, Duration took) noexcept {
    auto& habit = of(kind);
    if (tried && (failed || took > 10 * short_wait))
      habit.pause = habit.penalty = (std::min)(4096u, 2 * habit.penalty + 16);
    else if (tried)
      habit.penalty /= 2;
    habit.took = took;
  }

 private:
  struct Habit {
    Kind kind;
    Duration took = (Duration::max)();
    unsigned pause = 0, penalty = 0;  // jobs for which the caller sleeps at once
  };

  Habit& of(const Kind& kind) noexcept {
    const auto known = std::find_if(habits_.begin(), habits_.end(),
                                    [&](const Habit& habit) { return habit.kind == kind; });
    if (known != habits_.end()) return *known;
    return habits_[next_++ % habits_.size()] = Habit{kind, (Duration::max)(), 0, 0};
  }

  std::array<Habit, 8> habits_{};  // a loop has few kinds of jobs
  std::size_t next_ = 0;
};

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
  void wait(const host::ProcessHandle& keeper, Over&& over) const {
    if (over()) return;
    if (manner_ == Manner::turn && host::turn_until(turning, over, never)) return;
    sleep(keeper, over);
  }

  /// The same for a job that may be short: as long as it has not gone to sleep it asks no more than
  /// ended(), which is true only if over() is, and costs the workers nothing.
  template <class Ended, class Over>
  void wait_for_job(const host::ProcessHandle& keeper, const Kind& kind, Ended&& ended,
                    Over&& over) {
    if (ended()) return;  // nothing is learnt from that
    if (manner_ == Manner::turn) {
      if (!host::turn_until(turning, ended, never)) sleep(keeper, over);
      return;
    }
    const auto began = Clock::now();
    bool tried = false, failed = false;
    if (manner_ == Manner::yield) {
      // A job so small that another worker has done it before this core could be given away.
      if (habits_.expects_tiny(kind) && host::turn_until(glance, ended, never)) return;
      tried = habits_.expects_short(kind) && nobody_is_loose();
      failed = tried && !give_way(ended);
    }
    if (!tried || failed) sleep(keeper, over);
    habits_.learn(kind, tried, failed, Clock::now() - began);
  }

  /// Tells the workers where this thread is, so that the one that shares its core makes way.
  void tell_core() const noexcept {
    auto& told = board_.head().caller_core;
    const int core = host::this_core();
    if (told.load(std::memory_order_relaxed) != core) told.store(core, std::memory_order_relaxed);
  }

  static Error keeper_gone() {
    return {Errc::pool_unusable, "TiledPool", "its keeper has ended, and the workers with it",
            "make a new pool; if a job was running, what its unfinished tiles hold is unknown"};
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds turning{100}, glance{2};
  // Longer than any job for which it is tried should take: one that is given up sleeps as well.
  static constexpr auto giving_way = 2 * Habits::short_wait;
  static constexpr std::chrono::milliseconds patience{20}, no_worker{3000};
  static constexpr auto never = [] { return false; };

  // A worker that is on another core than its own can't be given this one.
  bool nobody_is_loose() const noexcept {
    return std::all_of(
        board_.worker_slots().begin(), board_.worker_slots().end(),
        [](const auto& slot) { return slot.loose.load(std::memory_order_relaxed) == 0; });
  }

  // Gives the core to the worker that is bound to it, again and again.
  template <class Ended>
  bool give_way(Ended&& ended) const {
    return host::turn_until(giving_way, ended, [this] {
      tell_core();
      return true;
    });
  }

  template <class Over>
  void sleep(const host::ProcessHandle& keeper, Over&& over) const {
    auto& head = board_.head();
    const auto news = board_.news();
    auto last_alive = Clock::now();
    for (;;) {
      const auto epoch = news.epoch();
      if (over()) return;
      news.wait(epoch, patience);
      if (news.epoch() != epoch) {
        // One worker has left; the others are likely to be about to.
        if (manner_ == Manner::yield && give_way(over)) return;
        continue;
      }
      if (keeper.wait_ended(std::chrono::milliseconds(0))) {
        if (over()) return;  // it ended the workers first
        throw keeper_gone();
      }
      const auto now = Clock::now();
      if (std::any_of(board_.worker_slots().begin(), board_.worker_slots().end(),
                      [](const auto& slot) { return slot.pid.load() != 0; }))
        last_alive = now;
      if (now - last_alive <= no_worker) continue;
      // Disarmed first: a worker that can be started after all must find no job to begin.
      const auto armed = head.gate.job.exchange(0);
      // Of this round: what a worker wrote all over the places means nobody.
      const bool entered =
          armed != 0 &&
          std::any_of(board_.worker_slots().begin(), board_.worker_slots().end(),
                      [armed](const auto& slot) { return slot.inside.load() == armed; });
      if (!entered)
        throw Error(Errc::pool_unusable, "TiledPool", "no worker process can be started",
                    host::has_ulimits
                        ? "see the limit of processes (ulimit -u) and the memory that is free"
                        : "see the memory that is free, and that the program's file is in place");
      head.gate.job.store(armed);
      board_.work().ring();
      last_alive = now;
    }
  }

  const Board& board_;
  Manner manner_;
  Habits habits_;
};

}  // namespace tessera::detail
