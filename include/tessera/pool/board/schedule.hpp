// Floor 4, pool/board: who computes which tiles.
//
// Every worker owns a range of neighbouring tiles and claims from its front. A worker whose range
// is empty steals the far half of another's. A range is one 64-bit word, changed by
// compare-and-swap only: job tag (16 bits), begin and end (24 bits each, in units of `grain`
// tiles).
//
// A tile is in at most one range. Once claimed, it never returns to a range in the same round. So
// if the word still has the value that was read, it still means the same tiles. A claim is not a
// start: if a worker dies after a claim, the tiles that it did not start are in no range. The
// caller finds them by their bytes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <tessera/base/config.hpp>

namespace tessera::detail {

template <template <class> class Atomic>
struct alignas(cache_line) BasicRange {
  Atomic<std::uint64_t> word{0};
};

/// A range of tile numbers [first, last).
struct Claim {
  std::size_t first, last;
};

/// `Atomic` is std::atomic, except in the test that steps through every interleaving.
template <template <class> class Atomic>
class BasicSchedule {
 public:
  using Range = BasicRange<Atomic>;
  static constexpr std::uint64_t most_units = (std::uint64_t{1} << 24) - 1;

  /// Tiles are dealt out, claimed and stolen `grain` (at least 1) at a time.
  BasicSchedule(std::span<Range> ranges, std::uint64_t job, std::size_t tiles,
                std::size_t grain = 1)
      : ranges_(ranges),
        tag_(job & 0xffff),
        tiles_(tiles),
        grain_((std::max)(grain, tiles / most_units + 1)) {}

  /// Deals all tiles out in equal, neighbouring shares: the same ones to the same worker in every
  /// job of equal size. Only while no worker is inside a job.
  void deal() {
    const std::uint64_t units = (tiles_ + grain_ - 1) / grain_;
    for (std::size_t w = 0; w < ranges_.size(); ++w)
      ranges_[w].word.store(pack(units * w / ranges_.size(), units * (w + 1) / ranges_.size()),
                            std::memory_order_relaxed);
  }

  /// The next tiles for worker `self`: half of its range, but at most `most`, and at least a grain.
  /// Halves, so that the last claims are small and all workers end together. Nothing if no range
  /// holds a tile; tiles that others have claimed may still be running.
  std::optional<Claim> claim(std::size_t self, std::size_t most = 1) {
    for (;;) {
      auto word = ranges_[self].word.load(std::memory_order_relaxed);
      while (holds(word)) {
        // Relaxed: a word carries numbers only. The job's number and the tiles' bytes order the
        // data.
        const auto half = (end(word) - begin(word) + 1) / 2;
        const auto next = begin(word) + std::max<std::uint64_t>(1, (std::min)(half, most / grain_));
        if (ranges_[self].word.compare_exchange_weak(word, pack(next, end(word)),
                                                     std::memory_order_relaxed))
          return Claim{tile(begin(word)), tile(next)};
      }
      if (!steal(self)) return std::nullopt;
    }
  }

  /// True if no range has a tile left.
  bool empty() const {
    for (const auto& range : ranges_)
      if (holds(range.word.load(std::memory_order_relaxed))) return false;
    return true;
  }

 private:
  static std::uint64_t begin(std::uint64_t word) { return word >> 24 & most_units; }
  static std::uint64_t end(std::uint64_t word) { return word & most_units; }
  std::uint64_t pack(std::uint64_t from, std::uint64_t to) const {
    return tag_ << 48 | from << 24 | to;
  }
  bool holds(std::uint64_t word) const { return word >> 48 == tag_ && begin(word) < end(word); }

  std::size_t tile(std::uint64_t unit) const {
    return std::min<std::size_t>(unit * grain_, tiles_);
  }

  // Killed between the two stores: the stolen tiles are open and in no range.
  bool steal(std::size_t self) {
    for (std::size_t i = 1; i < ranges_.size(); ++i) {
      auto& victim = ranges_[(self + i) % ranges_.size()].word;
      auto word = victim.load(std::memory_order_relaxed);
      while (holds(word)) {
        const auto middle = begin(word) + (end(word) - begin(word)) / 2;
        if (!victim.compare_exchange_weak(word, pack(begin(word), middle),
                                          std::memory_order_relaxed))
          continue;
        ranges_[self].word.store(pack(middle, end(word)), std::memory_order_relaxed);
        return true;
      }
    }
    return false;
  }

  std::span<Range> ranges_;
  std::uint64_t tag_;
  std::size_t tiles_;
  std::size_t grain_;
};

using Range = BasicRange<std::atomic>;
using Schedule = BasicSchedule<std::atomic>;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace tessera::detail
