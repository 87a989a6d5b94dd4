// Floor 1, host: sleep until another process rings.
//
// An epoch word in shared memory that is waited on, not a count of tokens: a ring changes the
// epoch, a sleeper that saw the old one wakes. Lost or doubled rings do no harm, since whoever
// wakes looks at the state itself and sleeps again; a sleeper that is killed takes nothing with it.
// What they sleep on is the system's: see waker.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include <tessera/host/waker.hpp>

namespace tessera::host {

/// One polite turn of a spinning loop.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Calls over() again and again until it is true, or for about `at_most`: what is short enough to
/// be worth no sleep. `yields()` tells, each time, whether whoever is waited for needs this very
/// core: then it gets it. True if over() was.
template <class Over, class Yields>
bool turn_until(std::chrono::nanoseconds at_most, Over&& over, Yields&& yields) {
  if (over()) return true;
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned turns = 1;; ++turns) {
    const bool yielded = yields();
    if (yielded)
      std::this_thread::yield();
    else
      relax();
    if (over()) return true;
    if ((yielded || turns % 16 == 0) && std::chrono::steady_clock::now() - begin > at_most)
      return false;
  }
}

/// The words of a doorbell, in memory that its ringers and sleepers share.
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
  // Too high after a sleeper was killed, which costs a system call, and on Windows early wakes.
  std::atomic<std::uint32_t> sleepers_{0};
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == 4);

/// A doorbell as one process has it: words somewhere, and what wakes their sleepers.
class Bell {
 public:
  Bell(DoorbellWords& words, const Waker& waker) noexcept : words_(&words), waker_(&waker) {}

  /// Read before looking at the state that decides whether to sleep.
  std::uint32_t epoch() const noexcept { return words_->epoch(); }

  /// After changing that state. Pairs with wait(): either the ringer sees the sleeper and wakes it,
  /// or the sleeper sees the new epoch and does not sleep. On Windows, between processes, one that
  /// sleeps through two rings may have its wake taken by another: it wakes at the next, or in time.
  void ring() const noexcept { words_->ring(*waker_); }

  /// Returns when the epoch is no longer `seen`, or after `at_most`, or for no reason.
  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most) const noexcept {
    words_->wait(seen, at_most, *waker_);
  }

 private:
  DoorbellWords* words_;
  const Waker* waker_;
};

/// One for the threads of this process.
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
