// Floor 4, pool/board: the protocol by which workers enter a round and leave it.
//
// A job is one round, or several where workers died. Each round has a number that no other has.
//
// Caller: writes the job, then sets gate.round = n.
// Worker: sets inside = n, reads gate.round again (if it is no longer n, it steps back), works, and
//         sets inside = 0.
// Keeper: when a worker's death is certain: deaths += 1, inside = 0.
// Caller: sets gate.round = 0, and waits until nobody is inside.
//
// The worker writes `inside` and then reads `gate.round`; the caller writes `gate.round` and then
// reads `inside`. All four are seq_cst, so one of the two sees the other: no worker is inside
// memory that the caller believes to be left.
//
// `Atomic` is std::atomic, except in the test that steps through every interleaving of this code.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// A caller sleeps during a longer job, and must be woken when it ends.
inline constexpr std::chrono::microseconds long_job{200};

/// Written by the caller alone: workers map it read-only.
template <template <class> class Atomic>
struct alignas(cache_line) BasicGate {
  Atomic<std::uint64_t> round{0};  ///< the armed round's number; 0: none
};

/// Written by caller and workers.
template <template <class> class Atomic>
struct alignas(cache_line) BasicStop {
  Atomic<std::uint64_t> round{0};  ///< nobody claims tiles of this round any more; only grows
};

/// Written by the keeper: the process in a slot. Workers map it read-only.
template <template <class> class Atomic>
struct alignas(cache_line) BasicProcessSlot {
  Atomic<std::int32_t> pid{0};             ///< of the process in this slot; 0: there is none
  Atomic<std::uint32_t> number{0};         ///< of the process in this slot: 1 for the first
  Atomic<std::uint32_t> deaths{0};         ///< how many processes of this slot have died
  Atomic<std::int32_t> last_status{0};     ///< wait status of the last one that died
  Atomic<std::int32_t> last_pid{0};        ///< its process number
  Atomic<std::uint32_t> last_was_late{0};  ///< 1: it was killed because its tile took too long
};

/// Written by the worker in a slot.
template <template <class> class Atomic>
struct alignas(cache_line) BasicWorkerSlot {
  Atomic<std::uint64_t> inside{0};    ///< the round whose memory it may touch; 0: none
  Atomic<std::uint64_t> tiles{0};     ///< tiles done in the job that was armed last
  Atomic<std::uint32_t> unpinned{0};  ///< 1: it may run on any core for now
};

/// Which workers are inside which round.
template <template <class> class Atomic>
struct BasicMembership {
  BasicGate<Atomic>& gate;
  BasicStop<Atomic>& stops;
  std::span<BasicProcessSlot<Atomic>> processes;
  std::span<BasicWorkerSlot<Atomic>> workers;

  /// True if worker `self` is inside the round now. It stays inside until it leaves or its death is
  /// recorded. False if the round is over: the worker must then touch nothing of it.
  bool enter(std::size_t self, std::uint64_t round) const noexcept {
    workers[self].inside.store(round, std::memory_order_seq_cst);
    if (gate.round.load(std::memory_order_seq_cst) == round) return true;
    leave(self);
    return false;
  }
  void leave(std::size_t self) const noexcept {
    workers[self].inside.store(0, std::memory_order_seq_cst);
  }
  /// For the keeper, when a process has ended. The death is written first: whoever then sees that
  /// nobody is inside also sees the death.
  void record_death(std::size_t self) const noexcept {
    processes[self].deaths.fetch_add(1);
    workers[self].inside.store(0, std::memory_order_seq_cst);
  }
  /// True if anybody is inside a round up to `latest`. A later round was never armed: a kernel has
  /// written over the word.
  bool anyone_inside(std::uint64_t latest = std::uint64_t(-1)) const noexcept {
    return std::any_of(workers.begin(), workers.end(), [latest](const auto& worker) {
      const auto round = worker.inside.load(std::memory_order_seq_cst);
      return round != 0 && round <= latest;
    });
  }

  /// Stops a round: workers claim no more of its tiles. A late call does no harm: it stops no later
  /// round, and keeps the stop of a later one. Safe in a signal handler.
  void stop(std::uint64_t round) const noexcept {
    // No pool gets so far: a kernel has written over the word.
    constexpr std::uint64_t too_far = std::uint64_t{1} << 32;
    auto stopped = stops.round.load();
    while ((stopped < round || stopped - round > too_far) &&
           !stops.round.compare_exchange_weak(stopped, round)) {
    }
  }
  bool stopped(std::uint64_t round) const noexcept {
    return stops.round.load(std::memory_order_relaxed) == round;
  }
};

using Gate = BasicGate<std::atomic>;
using Stop = BasicStop<std::atomic>;
using ProcessSlot = BasicProcessSlot<std::atomic>;
using WorkerSlot = BasicWorkerSlot<std::atomic>;
using Membership = BasicMembership<std::atomic>;

}  // namespace tessera::detail
