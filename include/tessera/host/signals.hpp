// Floor 1, host: how a process handles signals.
//
// A keeper ends only with its caller or by SIGKILL. A worker has the default handling of a new
// program. On Windows there are only the signals of the terminal.
#pragma once

#include <csignal>
#include <cstdlib>
#include <initializer_list>

#include <tessera/base/config.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <pthread.h>
#include <signal.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

/// Blocks all signals of this thread while it lives, except its own faults. Threads and processes
/// that it starts meanwhile inherit that.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t masked;
    ::sigfillset(&masked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
      ::sigdelset(&masked, own);
    ::pthread_sigmask(SIG_SETMASK, &masked, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

namespace detail {
inline void set_all_signals(void (*action)(int)) noexcept {
  for (int number = 1; number < NSIG; ++number) ::signal(number, action);
  ::signal(SIGCHLD, SIG_DFL);  // if it were ignored, the system would discard the ends of children
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}
}  // namespace detail

#endif

/// In a forked child: default handling of all signals, whatever the caller installed or blocked.
inline void reset_signals() noexcept {
#if defined(TESSERA_POSIX)
  detail::set_all_signals(SIG_DFL);
#endif
}

/// For a process that must end only by itself or by SIGKILL. Batch systems, service managers and
/// terminals send other signals, mostly to all processes of a program. Its own faults still end it:
/// the kernel does not let a process ignore them.
inline void ignore_signals() noexcept {
#if defined(TESSERA_POSIX)
  detail::set_all_signals(SIG_IGN);
#endif
}

/// For a process in the background of the caller's terminal. A hang-up does not end it, and reading
/// or writing the terminal does not stop it. On Windows it ignores Ctrl-C and Ctrl-Break: the
/// caller handles them, and when the caller ends, this process ends too.
inline void ignore_terminal() noexcept {
#if defined(TESSERA_POSIX)
  for (const int number : {SIGHUP, SIGTTIN, SIGTTOU}) ::signal(number, SIG_IGN);
#else
  ::SetConsoleCtrlHandler(
      [](DWORD event) -> BOOL { return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT; }, TRUE);
  // A crash must not open a window that somebody has to close.
  ::SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
  ::_set_error_mode(_OUT_TO_STDERR);
#endif
}

}  // namespace tessera::host
