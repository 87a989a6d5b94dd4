// Floor 1, host: sleep until another process rings.
//
// A doorbell is an epoch word in shared memory, not a count of tokens. A ring changes the epoch,
// and sleepers that saw the old one wake. A lost or doubled ring does no harm: a sleeper that wakes
// checks the state itself and sleeps again. A sleeper that is killed leaves nothing locked.
// waker.hpp holds the system's calls.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include <tessera/host/waker.hpp>

namespace tessera::host {

/// A pause inside a spin loop.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Spins until over() is true, or for about `at_most`: for waits too short for a sleep. If
/// `yields()` is true, this thread gives its core away in that step: the awaited thread needs it.
/// True if over() was.
template <class Over, class Yields>
bool spin_until(std::chrono::nanoseconds at_most, Over&& over, Yields&& yields) {
  if (over()) return true;
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned steps = 1;; ++steps) {
    const bool yielded = yields();
    if (yielded)
      std::this_thread::yield();
    else
      relax();
    if (over()) return true;
    if ((yielded || steps % 16 == 0) && std::chrono::steady_clock::now() - begin > at_most)
      return false;
  }
}

/// The words of a doorbell, in memory shared by ringers and sleepers.
class DoorbellWords {
 public:
  std::uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_seq_cst); }

  void ring(const Waker& waker) noexcept {
    const auto before = epoch_.fetch_add(1, std::memory_order_seq_cst);
    const auto sleepers = sleepers_.load(std::memory_order_seq_cst);
    if (sleepers == 0) return;
    waker.wake(word(), before, sleepers);
  }

  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most, const Waker& waker) noexcept {
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    waker.wait(word(), seen, at_most);
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }

 private:
  std::uint32_t* word() noexcept { return reinterpret_cast<std::uint32_t*>(&epoch_); }

  std::atomic<std::uint32_t> epoch_{0};
  // Too high after a sleeper was killed. That costs a system call, and on Windows early wakes.
  std::atomic<std::uint32_t> sleepers_{0};
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == 4);

/// A doorbell in one process: the words, and the handles that wake their sleepers.
class Bell {
 public:
  Bell(DoorbellWords& words, const Waker& waker) noexcept : words_(&words), waker_(&waker) {}

  /// Read it before the state that decides whether to sleep.
  std::uint32_t epoch() const noexcept { return words_->epoch(); }

  /// Call it after changing that state. Pairs with wait(): either the ringer sees the sleeper and
  /// wakes it, or the sleeper sees the new epoch and does not sleep. On Windows, between processes,
  /// a sleeper that misses two rings may lose its wake to another; it wakes at the next ring or
  /// after `at_most`.
  void ring() const noexcept { words_->ring(*waker_); }

  /// Returns when the epoch is not `seen`, after `at_most`, or without a reason.
  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most) const noexcept {
    words_->wait(seen, at_most, *waker_);
  }

 private:
  DoorbellWords* words_;
  const Waker* waker_;
};

/// A doorbell for the threads of this process.
class Doorbell {
 public:
  std::uint32_t epoch() const noexcept { return words_.epoch(); }
  void ring() noexcept { words_.ring({}); }
  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most) noexcept {
    words_.wait(seen, at_most, {});
  }

 private:
  DoorbellWords words_;
};

}  // namespace tessera::host
