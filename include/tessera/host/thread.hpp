// Floor 1, host: a thread of the library's own, and how many others there are.
//
// It takes no signal that is meant for the process: handlers run on the user's threads, as in a
// program without this library. Signals of a thread's own faults reach it.
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
/// Threads of quiet_thread() that run.
inline std::atomic<int> quiet_threads{0};
}  // namespace detail

// ThreadSanitizer has a thread of its own in every program.
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
/// Whether a sanitizer must know every stack that code runs on.
inline constexpr bool sanitizer_watches_stacks = false;
#endif

/// Threads of this process, whoever's they are; 1 where that can't be known.
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

/// Those of `all` besides the one that asks, and those that hold nothing that a copy of this
/// process needs: quiet_thread()'s and a sanitizer's.
inline int other_threads(int all = all_threads()) {
  return (std::max)(0, all - 1 - detail::quiet_threads.load() - sanitizer_threads);
}

/// Starts a thread that runs `body`. Throws Error(system) where there can be no further thread.
template <class Body>
std::thread quiet_thread(const std::string& subject, Body&& body) {
#if defined(TESSERA_POSIX)
  const SignalsBlocked blocked;  // a new thread has its maker's mask
#endif
  try {
    return std::thread([body = std::forward<Body>(body)]() mutable {
      struct Counted {
        Counted() { ++detail::quiet_threads; }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { --detail::quiet_threads; }
      } const counted;
      body();
    });
  } catch (const std::system_error& failure) {
    throw Error(Errc::system, subject, std::string("starting a thread: ") + failure.what(),
                "see ulimit -u and the memory that is free");
  }
}

}  // namespace tessera::host
