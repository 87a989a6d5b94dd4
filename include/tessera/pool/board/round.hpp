// Floor 4, pool/board: the protocol by which a crew of workers enters a round, computes its tiles
// and leaves.
//
// A job is one round, or several where workers died; each has a number that no other round has.
//
// Caller: writes the tiles' bytes, deals the ranges, sets job = n.
// Worker: sets inside = n, looks again whether job is still n (else it steps back), claims tiles,
// begins and ends them, sets inside = 0.
// Keeper: on a worker's confirmed death: ends += 1, inside = 0.
// Caller: is done when every tile's byte says so; or when no range holds a tile, or nobody shall
// claim one, and nobody is inside. It sets job = 0. Before it believes that a tile is not done, and
// before it touches bytes and ranges again, it waits until nobody is inside.
//
// Setting `inside` and then reading `job` pairs with setting `job` and then reading `inside` (all
// seq_cst): no worker can be inside memory that the caller thinks is left. Completion and loss are
// read from the tiles' bytes alone. Bytes and ranges are written by workers that are inside, and by
// the caller while nobody is.
//
// `Atomic` is std::atomic, but in the test that steps through every interleaving of this very code.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <tessera/base/config.hpp>
#include <tessera/pool/board/schedule.hpp>

namespace tessera::detail {

/// A tile's byte. Only the worker that claimed the tile writes it while its round runs.
enum class TileState : std::uint8_t {
  open = 0,     ///< not started: runs again freely
  started = 1,  ///< a worker is in its kernel, or died there: what it wrote is unknown
  done = 2,     ///< the last store, with release, after the result
  failed = 3    ///< the kernel threw
};

template <template <class> class Atomic>
struct BasicGate {
  Atomic<std::uint64_t> job{0};   ///< the armed round's number; 0: none
  Atomic<std::uint64_t> stop{0};  ///< the round in which nobody shall claim any more; only grows
};

/// A worker's place, whichever process is in it.
template <template <class> class Atomic>
struct alignas(cache_line) BasicSlot {
  Atomic<std::uint64_t> inside{0};   ///< the round whose memory this worker may touch; 0: none
  Atomic<std::uint64_t> tiles{0};    ///< done in the job that was armed last
  Atomic<std::uint32_t> ends{0};     ///< how many processes in this place have died
  Atomic<std::int32_t> last_end{0};  ///< wait status of the last that died
  Atomic<std::int32_t> last_pid{0};  ///< and its number
  Atomic<std::uint32_t> loose{0};    ///< 1: not bound to its core for now
  Atomic<std::int32_t> pid{0};  ///< of the process that works here now; 0: none could be started
};

/// Who may be inside which round.
template <template <class> class Atomic>
struct BasicCrew {
  BasicGate<Atomic>& gate;
  std::span<BasicSlot<Atomic>> worker_slots;
  std::span<BasicRange<Atomic>> ranges;

  /// True if worker `self` is inside the round now, until it leaves or is buried. False if the
  /// round is over: then it must touch nothing of it.
  bool enter(std::size_t self, std::uint64_t round) const noexcept {
    worker_slots[self].inside.store(round, std::memory_order_seq_cst);
    if (gate.job.load(std::memory_order_seq_cst) == round) return true;
    leave(self);
    return false;
  }
  void leave(std::size_t self) const noexcept {
    worker_slots[self].inside.store(0, std::memory_order_seq_cst);
  }
  /// Says that the process in this place is dead. Whoever then sees nobody inside sees the death as
  /// well.
  void bury(std::size_t self) const noexcept {
    worker_slots[self].ends.fetch_add(1);
    worker_slots[self].inside.store(0, std::memory_order_seq_cst);
  }
  /// Of the rounds up to `latest`. A later one is none that was armed: somebody wrote all over
  /// this.
  bool anyone_inside(std::uint64_t latest = std::uint64_t(-1)) const noexcept {
    return std::any_of(worker_slots.begin(), worker_slots.end(), [latest](const auto& slot) {
      const auto round = slot.inside.load(std::memory_order_seq_cst);
      return round != 0 && round <= latest;
    });
  }

  /// Has nobody claim a tile of this round any more. Late calls do no harm: a later round's stop
  /// stays, and a later round is not stopped. Safe in a signal handler.
  void stop(std::uint64_t round) const noexcept {
    // Further ahead than any pool will come: written by a worker that wrote all over this.
    constexpr std::uint64_t too_far = std::uint64_t{1} << 32;
    auto stopped = gate.stop.load();
    while ((stopped < round || stopped - round > too_far) &&
           !gate.stop.compare_exchange_weak(stopped, round)) {
    }
  }
  bool stopped(std::uint64_t round) const noexcept {
    return gate.stop.load(std::memory_order_relaxed) == round;
  }
};

template <template <class> class Atomic>
class BasicRound {
 public:
  using Byte = Atomic<std::uint8_t>;

  BasicRound(const BasicCrew<Atomic>& crew, std::uint64_t number, std::span<Byte> bytes,
             std::size_t grain = 1)
      : crew_(crew),
        number_(number),
        bytes_(bytes),
        schedule_(crew.ranges, number, bytes.size(), grain) {}

  std::uint64_t number() const noexcept { return number_; }
  bool stopped() const noexcept { return crew_.stopped(number_); }
  /// For who is inside, and for the caller: there is no later round yet, so a later one's stop is
  /// none, but was written by a worker that wrote all over this.
  void stop() const noexcept { crew_.gate.stop.store(number_); }

  // For a worker that is inside.

  std::optional<Claim> claim(std::size_t self, std::size_t most) {
    return schedule_.claim(self, most);
  }
  /// Marks a claimed tile as started; false if it is not open, as in a later round. Killed from
  /// here to the tile's end(): its elements are unknown.
  bool begin(std::size_t tile) const noexcept {
    if (state(tile, std::memory_order_relaxed) != TileState::open) return false;
    bytes_[tile].store(static_cast<std::uint8_t>(TileState::started), std::memory_order_relaxed);
    return true;
  }
  /// Says what became of a tile. Release: pairs with the caller's acquire of its byte, elements and
  /// result with it.
  void end(std::size_t self, std::size_t tile, TileState became) const noexcept {
    bytes_[tile].store(static_cast<std::uint8_t>(became), std::memory_order_release);
    // No other adds to a worker's own count. Killed before it: one tile is done and not counted.
    auto& count = crew_.worker_slots[self].tiles;
    if (became == TileState::done)
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // For the caller.

  /// Lets workers in. Only while nobody is inside, and after the bytes were written.
  void arm() {
    schedule_.deal();
    crew_.gate.job.store(number_, std::memory_order_seq_cst);  // releases what was written
  }
  /// Puts right what a worker that wrote all over this has made of the gate: another number, or the
  /// stop of a later round, which there is none of. True if workers were locked out.
  bool rearm() const noexcept {
    auto stopped = crew_.gate.stop.load();
    if (stopped > number_) crew_.gate.stop.compare_exchange_strong(stopped, 0);
    return crew_.gate.job.load() != number_ && crew_.gate.job.exchange(number_) != number_;
  }
  /// Lets nobody in any more. Who is inside stays until it leaves.
  void disarm() const noexcept { crew_.gate.job.store(0, std::memory_order_seq_cst); }

  /// True once every tile has ended; or, where nothing is left to claim, once nobody was seen
  /// inside: then, after disarm(), what is not done is final as soon as nobody is inside.
  bool over() noexcept {
    if (all_ended()) return true;
    // Ranges first: whoever still holds a claimed tile is inside afterwards.
    const bool nothing_to_claim = stopped() || schedule_.empty();
    return nothing_to_claim && !crew_.anyone_inside(number_);
  }
  /// True once every tile has ended: what can be asked all the time, since it reads nothing that
  /// workers write for each claim.
  bool all_ended() noexcept {
    while (settled_ < bytes_.size() && ended(settled_)) ++settled_;
    return settled_ == bytes_.size();
  }
  /// What its byte says, and with it what its worker wrote.
  TileState state(std::size_t tile,
                  std::memory_order order = std::memory_order_acquire) const noexcept {
    return static_cast<TileState>(bytes_[tile].load(order));
  }

 private:
  bool ended(std::size_t tile) const noexcept {
    const auto now = state(tile);
    return now == TileState::done || now == TileState::failed;
  }

  BasicCrew<Atomic> crew_;
  std::uint64_t number_;
  std::span<Byte> bytes_;
  BasicSchedule<Atomic> schedule_;
  std::size_t settled_ = 0;  // tiles [0, settled_) have ended
};

using Gate = BasicGate<std::atomic>;
using WorkerSlot = BasicSlot<std::atomic>;
using Crew = BasicCrew<std::atomic>;
using Round = BasicRound<std::atomic>;
using TileByte = Round::Byte;
static_assert(sizeof(TileByte) == 1 && TileByte::is_always_lock_free);

}  // namespace tessera::detail
