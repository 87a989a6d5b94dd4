// Floor 1, host: threads of the library, and the number of other threads.
//
// The library's threads take no signal for the process, so handlers run on the user's threads, as
// without this library. Signals of a thread's own faults still reach it.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/signals.hpp>

#if defined(TESSERA_POSIX)
#include <dirent.h>
#endif

namespace tessera::host {

namespace detail {
/// How many threads of thread_without_signals() run.
inline std::atomic<int> threads_without_signals{0};
}  // namespace detail

// ThreadSanitizer adds a thread of its own to every program.
#if defined(__SANITIZE_THREAD__)
#define TESSERA_DETAIL_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define TESSERA_DETAIL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TESSERA_DETAIL_TSAN 1
#elif __has_feature(address_sanitizer)
#define TESSERA_DETAIL_ASAN 1
#endif
#endif
#if defined(TESSERA_DETAIL_TSAN)
#undef TESSERA_DETAIL_TSAN
inline constexpr int sanitizer_threads = 1;
inline constexpr bool sanitizer_watches_stacks = true;
#elif defined(TESSERA_DETAIL_ASAN)
#undef TESSERA_DETAIL_ASAN
inline constexpr int sanitizer_threads = 0;
inline constexpr bool sanitizer_watches_stacks = true;
#else
inline constexpr int sanitizer_threads = 0;
/// Whether a sanitizer must know every stack on which code runs.
inline constexpr bool sanitizer_watches_stacks = false;
#endif

/// How many threads this process has; 1 if unknown.
inline int all_threads() {
  int all = 0;
#if defined(TESSERA_LINUX)
  if (DIR* const tasks = ::opendir("/proc/self/task")) {
    while (const auto* entry = ::readdir(tasks)) all += entry->d_name[0] != '.';
    ::closedir(tasks);
  }
#endif
  return (std::max)(1, all);
}

/// How many of `all` threads may hold a lock that a fork would inherit. Not counted: the calling
/// thread, threads of thread_without_signals(), a sanitizer's thread.
inline int other_threads(int all = all_threads()) {
  return (std::max)(0, all - 1 - detail::threads_without_signals.load() - sanitizer_threads);
}

/// Starts a thread that runs `body`. Throws Error(system) if the system refuses another thread.
template <class Body>
std::thread thread_without_signals(const std::string& subject, Body&& body) {
#if defined(TESSERA_POSIX)
  const SignalsBlocked blocked;  // a new thread inherits this mask
#endif
  try {
    return std::thread([body = std::forward<Body>(body)]() mutable {
      struct Counted {
        Counted() { ++detail::threads_without_signals; }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { --detail::threads_without_signals; }
      } const counted;
      body();
    });
  } catch (const std::system_error& failure) {
    throw Error(Errc::system, subject, std::string("starting a thread: ") + failure.what(),
                "see ulimit -u and the memory that is free");
  }
}

}  // namespace tessera::host
