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

#if defined(TESSERA_POSIX)
#include <dirent.h>
#include <signal.h>
#endif

namespace tessera::host {

namespace detail {
/// Threads of quiet_thread() that run.
inline std::atomic<int> quiet_threads{0};
}  // namespace detail

/// Threads of this process besides the one that asks and those of quiet_thread(); 0 where that
/// can't be known.
inline int other_threads() {
#if defined(TESSERA_LINUX)
  int all = 0;
  if (DIR* const tasks = ::opendir("/proc/self/task")) {
    while (const auto* entry = ::readdir(tasks)) all += entry->d_name[0] != '.';
    ::closedir(tasks);
  }
  return (std::max)(0, all - 1 - detail::quiet_threads.load());
#else
  return 0;
#endif
}

/// Starts a thread that runs `body`. Throws Error(system) where there can be no further thread.
template <class Body>
std::thread quiet_thread(const std::string& subject, Body&& body) {
#if defined(TESSERA_POSIX)
  // A new thread has its maker's mask.
  struct Blocked {
    Blocked() {
      sigset_t masked;
      ::sigfillset(&masked);
      for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
        ::sigdelset(&masked, own);
      ::pthread_sigmask(SIG_SETMASK, &masked, &before);
    }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
    ~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    sigset_t before;
  };
  const Blocked blocked;
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
