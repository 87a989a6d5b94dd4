// Floor 3, memory: the counters of an array's steps, in its control block.
//
// Step n, counted from 1, is published when it is complete. In a ring of K slots it lies in slot
// (n - 1) % K, until the writer begins step n + K. A reader copies or uses a slot, and then asks
// whether the step was still there: a seqlock, whose number is the step itself.
//
//   begun      The writer stores it before the first byte of a step.
//   first      The first step of those that follow one another by one. Earlier ones, which were
//              published otherwise or left out, are not accepted.
//   published  The writer stores it after the last byte.
//
// A writer that dies in between leaves begun = published + 1: the step that it overwrote is not
// whole, and the one that it wrote is not published. One process writes steps at a time. Readers
// write nothing here.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <tessera/base/config.hpp>
#include <tessera/host/streaming.hpp>
#include <tessera/host/word_wait.hpp>
#include <tessera/memory/control_block.hpp>

namespace tessera::detail {

/// The counters in this control block, which must stay mapped.
class StepCounters {
 public:
  explicit StepCounters(std::byte* block) noexcept : block_(block) {}

  /// What was written before publish(n) is seen by whoever reads n here.
  std::uint64_t published() const noexcept {
    return word(offsetof(ControlBlock, published)).load(std::memory_order_acquire);
  }

  /// The writer: step n is complete. Pairs with published().
  void publish(std::uint64_t n) noexcept {
    host::stream_fence();
    word(offsetof(ControlBlock, published)).store(n, std::memory_order_release);
  }

  /// The writer: from here on, the slot of step n is overwritten.
  void begin(std::uint64_t n) noexcept {
    const auto begun = word(offsetof(ControlBlock, begun));
    const auto last = begun.load(std::memory_order_relaxed);
    if (n != last + 1 && n != last)
      word(offsetof(ControlBlock, first)).store(n, std::memory_order_relaxed);
    begun.store(n, std::memory_order_relaxed);
    // Both stores before any byte of the step, streamed ones too. Pairs with the fence in whole().
    std::atomic_thread_fence(std::memory_order_release);
    host::stream_fence();
  }

  /// A reader, before it uses step n, which is published: true if a writer has begun it by begin().
  bool in_ring(std::uint64_t n) const noexcept {
    return word(offsetof(ControlBlock, begun)).load(std::memory_order_relaxed) >= n;
  }

  /// A reader, after it has used a published step n of a ring: true if nobody has begun to
  /// overwrite it. `ring`: how many slots there are.
  bool whole(std::uint64_t n, std::uint64_t ring) const noexcept {
    // Pairs with the fence in begin(): who has seen a byte of a later step sees its `begun` too.
    std::atomic_thread_fence(std::memory_order_acquire);
    const auto begun = word(offsetof(ControlBlock, begun)).load(std::memory_order_relaxed);
    const auto first = word(offsetof(ControlBlock, first)).load(std::memory_order_relaxed);
    return first <= n && n <= begun && begun - n < ring;
  }

  /// Wakes all that wait for a step, or for the owner's end.
  void wake(const Identity& array) noexcept {
    host::wake_waiters(low_half(), [&] { return event_of(array); });
  }
  /// Returns when the last step is not `seen`, when it is woken, after `at_most`, or without a
  /// reason.
  void wait(std::uint64_t seen, std::chrono::nanoseconds at_most, const Identity& array) noexcept {
    host::wait_for_change(low_half(), static_cast<std::uint32_t>(seen), at_most,
                          [&] { return event_of(array); });
  }

 private:
  // An atomic_ref is made of a mutable object; a reader, whose mapping is read-only, loads only.
  std::atomic_ref<std::uint64_t> word(std::size_t offset) const noexcept {
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(block_ + offset));
  }
  std::uint32_t* low_half() const noexcept {
    return reinterpret_cast<std::uint32_t*>(block_ + offsetof(ControlBlock, published));
  }
  static host::WaitName event_of(const Identity& array) {
    host::WaitName out{"tessera+steps+"};
    auto* at = out.data() + std::strlen(out.data());
    for (const auto byte : array) {
      *at++ = "0123456789abcdef"[byte / 16];
      *at++ = "0123456789abcdef"[byte % 16];
    }
    return out;
  }

  std::byte* block_;
};

}  // namespace tessera::detail
