// Floor 1, host: sleep until another process rings.
//
// An epoch word in shared memory that is waited on, not a count of tokens: a ring changes the
// epoch, a sleeper that saw the old one wakes. Lost or doubled rings do no harm, since whoever
// wakes looks at the state itself and sleeps again; a sleeper that is killed takes nothing with it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include <tessera/base/config.hpp>

#if defined(TESSERA_LINUX)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif

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

class Doorbell {
 public:
  /// Read before looking at the state that decides whether to sleep.
  std::uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_seq_cst); }

  /// After changing that state. Pairs with wait(): either the ringer sees the sleeper and wakes it,
  /// or the sleeper sees the new epoch and does not sleep.
  void ring() noexcept {
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
#if defined(TESSERA_LINUX)
    ::syscall(SYS_futex, word(), FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
#endif
  }

  /// Returns when the epoch is no longer `seen`, or after `at_most`, or for no reason.
  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most) noexcept {
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
#if defined(TESSERA_LINUX)
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const struct timespec timeout {
      static_cast<time_t>(seconds.count()), static_cast<long>((at_most - seconds).count())
    };
    ::syscall(SYS_futex, word(), FUTEX_WAIT, seen, &timeout, nullptr, 0);
#else
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (epoch() == seen && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(at_most, std::chrono::microseconds(200)));
#endif
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }

 private:
  std::uint32_t* word() noexcept { return reinterpret_cast<std::uint32_t*>(&epoch_); }

  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> sleepers_{
      0};  // too high after a sleeper was killed: costs a system call
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == 4);

}  // namespace tessera::host
