// Floor 4, pool/board: one round: the caller arms it; workers claim, start and end its tiles.
//
// Completion and loss are read from the tiles' bytes, never from a counter. Workers that are inside
// (membership.hpp) write tile bytes and ranges; the caller writes them while nobody is inside.
//
// The round is done when every tile's byte is `done` or `failed`. It is also over when nobody is
// inside and no range holds a tile or the round is stopped. A worker may enter between these two
// reads, so an incomplete result is final only once the gate is shut and every worker's `inside` is
// 0.
//
// `Atomic` is std::atomic, except in the test that steps through every interleaving of this code.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <tessera/pool/board/membership.hpp>
#include <tessera/pool/board/schedule.hpp>
#include <tessera/pool/board/tile_state.hpp>

namespace tessera::detail {

template <template <class> class Atomic>
class BasicRound {
 public:
  using Byte = Atomic<std::uint8_t>;

  /// Round `number` over tiles with these bytes. They are dealt out and claimed `grain` at a time.
  BasicRound(const BasicMembership<Atomic>& membership, std::span<BasicRange<Atomic>> ranges,
             std::uint64_t number, std::span<Byte> bytes, std::size_t grain = 1)
      : membership_(membership),
        number_(number),
        bytes_(bytes),
        schedule_(ranges, number, bytes.size(), grain) {}

  std::uint64_t number() const noexcept { return number_; }
  bool stopped() const noexcept { return membership_.stopped(number_); }
  /// For a worker that is inside, and for the caller. A later number in the word may be
  /// overwritten: no later round exists yet, so a kernel has written it.
  void stop() const noexcept { membership_.stops.round.store(number_); }

  // For a worker that is inside.

  std::optional<Claim> claim(std::size_t self, std::size_t most) {
    return schedule_.claim(self, most);
  }
  /// Marks a claimed tile as started. False if it is not open, as in a later round. If the worker
  /// is killed between this and the tile's end(), the content of the tile's elements is unknown.
  bool begin(std::size_t tile) const noexcept {
    if (state(tile, std::memory_order_relaxed) != TileState::open) return false;
    bytes_[tile].store(static_cast<std::uint8_t>(TileState::started), std::memory_order_relaxed);
    return true;
  }
  /// Records the end of a tile. Release: pairs with the caller's acquire of the byte, which then
  /// sees elements and result too.
  void end(std::size_t self, std::size_t tile, TileState state) const noexcept {
    bytes_[tile].store(static_cast<std::uint8_t>(state), std::memory_order_release);
    // Only this worker writes its count. Killed before it: one tile is done and not counted.
    auto& count = membership_.workers[self].tiles;
    if (state == TileState::done)
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // For the caller.

  /// Opens the round to workers. Only while nobody is inside, after the tile bytes were written.
  void arm() {
    schedule_.deal();
    membership_.gate.round.store(number_, std::memory_order_seq_cst);  // releases what was written
  }
  /// Before anybody can have asked for this round's end: takes back a stop of it, or of a later
  /// round. A kernel has written over the word, and this round would end before it begins.
  void clear_false_stop() const noexcept {
    if (membership_.stops.round.load() >= number_) membership_.stops.round.store(0);
  }
  /// Closes the round: no worker can enter. Workers that are inside stay until they leave.
  void disarm() const noexcept { membership_.gate.round.store(0, std::memory_order_seq_cst); }

  /// True once every tile has ended. Also true if nothing is left to claim and nobody was seen
  /// inside. Then the result is final after disarm(), as soon as nobody is inside.
  bool over() noexcept {
    if (all_ended()) return true;
    // Read the ranges first: a worker that holds a claimed tile is still inside when `inside` is
    // read.
    const bool nothing_to_claim = stopped() || schedule_.empty();
    return nothing_to_claim && !membership_.anyone_inside(number_);
  }
  /// True once every tile has ended. It reads no word that workers write at each claim, so frequent
  /// calls do not slow them.
  bool all_ended() noexcept {
    while (first_open_ < bytes_.size() && ended(first_open_)) ++first_open_;
    return first_open_ == bytes_.size();
  }
  /// The tile's state. Acquire: the caller then sees what the tile's worker wrote.
  TileState state(std::size_t tile,
                  std::memory_order order = std::memory_order_acquire) const noexcept {
    return static_cast<TileState>(bytes_[tile].load(order));
  }

 private:
  bool ended(std::size_t tile) const noexcept {
    const auto now = state(tile);
    return now == TileState::done || now == TileState::failed;
  }

  BasicMembership<Atomic> membership_;
  std::uint64_t number_;
  std::span<Byte> bytes_;
  BasicSchedule<Atomic> schedule_;
  std::size_t first_open_ = 0;  // all tiles before it have ended
};

using Round = BasicRound<std::atomic>;

}  // namespace tessera::detail
