// Floor 1, host: sleep until another process rings.
//
// An epoch word in shared memory that is waited on, not a count of tokens: a ring changes the
// epoch, a sleeper that saw the old one wakes. Lost or doubled rings do no harm, since whoever
// wakes looks at the state itself and sleeps again; a sleeper that is killed takes nothing with it.
// Linux waits on the word itself. Windows can do so within a process; between processes semaphores
// stand beside it, which each process has to be given.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>

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

#if defined(TESSERA_WIN32)

namespace detail {

/// Windows' futex, for the threads of one process. Looked up: its library is on no linker's list.
struct AddressWait {
  BOOL(WINAPI* wait)(volatile VOID*, PVOID, SIZE_T, DWORD) = nullptr;
  VOID(WINAPI* wake_all)(PVOID) = nullptr;

  static const AddressWait& instance() noexcept {
    static const AddressWait its = [] {
      const auto find = [](const char* name) {
        // By way of a pointer that any function's may become.
        return reinterpret_cast<void (*)()>(
            ::GetProcAddress(::GetModuleHandleW(L"kernelbase.dll"), name));
      };
      AddressWait out;
      out.wait = reinterpret_cast<decltype(out.wait)>(find("WaitOnAddress"));
      out.wake_all = reinterpret_cast<decltype(out.wake_all)>(find("WakeByAddressAll"));
      return out;
    }();
    return its;
  }
};

inline DWORD milliseconds_of(std::chrono::nanoseconds time) noexcept {
  return static_cast<DWORD>(std::clamp<std::int64_t>(time.count() / 1'000'000, 1, 1'000'000'000));
}

}  // namespace detail

/// What sleepers of a doorbell sleep on: what this process has besides its words. A copy is the
/// same one.
class Waker {
 public:
  /// The words alone, for the threads of one process.
  Waker() = default;
  /// For several processes. Throws Error(system, no_space).
  static Waker made(const std::string& subject) {
    Waker out;
    out.semaphores_ = std::make_shared<Semaphores>();
    for (auto& semaphore : *out.semaphores_) {
      semaphore = Descriptor(::CreateSemaphoreW(nullptr, 0, 2 * most_at_once, nullptr));
      if (!semaphore) throw last_failure(subject, "making a semaphore");
    }
    return out;
  }

  /// Handles of each, for a process that is started and takes the same ones in the same order.
  static constexpr std::size_t handles = 2;
  void give(std::vector<const Descriptor*>& list) const {
    for (const auto& semaphore : *semaphores_) list.push_back(&semaphore);
  }
  /// From `at` on.
  static Waker taken(std::vector<Descriptor>& list, std::size_t at) {
    Waker out;
    out.semaphores_ = std::make_shared<Semaphores>();
    for (auto& semaphore : *out.semaphores_) semaphore = std::move(list[at++]);
    return out;
  }

  /// Wakes those that sleep since the word was `epoch`. Some more than sleep do no harm: who wakes
  /// too early sleeps again.
  void wake(std::uint32_t* word, std::uint32_t epoch, std::uint32_t sleepers) const noexcept {
    if (semaphores_ == nullptr) return detail::AddressWait::instance().wake_all(word);
    const auto count = std::min<std::uint32_t>(sleepers, most_at_once);
    ::ReleaseSemaphore((*semaphores_)[epoch % 2].get(), static_cast<LONG>(count), nullptr);
  }
  void wait(std::uint32_t* word, std::uint32_t epoch,
            std::chrono::nanoseconds at_most) const noexcept {
    const auto milliseconds = detail::milliseconds_of(at_most);
    if (semaphores_ == nullptr)
      detail::AddressWait::instance().wait(word, &epoch, sizeof epoch, milliseconds);
    else if (std::atomic_ref(*word).load() == epoch)
      ::WaitForSingleObject((*semaphores_)[epoch % 2].get(), milliseconds);
  }

 private:
  // In turn: who has woken, and sleeps again, takes nothing that was meant for those still asleep.
  using Semaphores = std::array<Descriptor, 2>;
  static constexpr std::uint32_t most_at_once = 1024;

  std::shared_ptr<Semaphores> semaphores_;
};

#else

/// Nothing: the words are enough.
class Waker {
 public:
  static Waker made(const std::string&) noexcept { return {}; }
  static constexpr std::size_t handles = 0;
  void give(std::vector<const Descriptor*>&) const noexcept {}
  static Waker taken(std::vector<Descriptor>&, std::size_t) noexcept { return {}; }
};

#endif

/// The words of a doorbell, in memory that its ringers and sleepers share.
class DoorbellWords {
 public:
  std::uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_seq_cst); }

  void ring([[maybe_unused]] const Waker& waker) noexcept {
    [[maybe_unused]] const auto before = epoch_.fetch_add(1, std::memory_order_seq_cst);
    [[maybe_unused]] const auto sleepers = sleepers_.load(std::memory_order_seq_cst);
    if (sleepers == 0) return;
#if defined(TESSERA_LINUX)
    ::syscall(SYS_futex, word(), FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
#elif defined(TESSERA_WIN32)
    waker.wake(word(), before, sleepers);
#endif
  }

  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most,
            [[maybe_unused]] const Waker& waker) noexcept {
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
#if defined(TESSERA_LINUX)
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const struct timespec timeout {
      static_cast<time_t>(seconds.count()), static_cast<long>((at_most - seconds).count())
    };
    ::syscall(SYS_futex, word(), FUTEX_WAIT, seen, &timeout, nullptr, 0);
#elif defined(TESSERA_WIN32)
    waker.wait(word(), seen, at_most);
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
      0};  // too high after a sleeper was killed: a system call, and early wakes on Windows
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
