// Floor 1, host: what a process does about signals.
//
// A keeper ends with its caller and by nothing polite; a worker meets signals as a new program
// does. On Windows there are none but those of the terminal.
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

/// This thread takes no signal while it lives, but for faults of its own. Threads and processes
/// that it starts meanwhile begin so.
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
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would take children's ends away
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}
}  // namespace detail

#endif

/// In a forked child: signals as a new program has them, whatever the caller installed or blocked.
inline void reset_signals() noexcept {
#if defined(TESSERA_POSIX)
  detail::set_all_signals(SIG_DFL);
#endif
}

/// For a process that is to end by SIGKILL alone, or by itself: batch systems, service managers and
/// terminals send everything else, mostly to all processes of a program. Faults of its own end it
/// all the same: the kernel does not let those be ignored.
inline void ignore_signals() noexcept {
#if defined(TESSERA_POSIX)
  detail::set_all_signals(SIG_IGN);
#endif
}

/// For a process in the background of its caller's terminal: it is neither ended nor stopped when
/// the terminal goes, nor by reading from it or writing to it. On Windows it ignores Ctrl-C and
/// Ctrl-Break, which are its caller's business: when the caller ends, this process ends too.
inline void ignore_terminal() noexcept {
#if defined(TESSERA_POSIX)
  for (const int number : {SIGHUP, SIGTTIN, SIGTTOU}) ::signal(number, SIG_IGN);
#else
  ::SetConsoleCtrlHandler(
      [](DWORD event) -> BOOL { return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT; }, TRUE);
  // Nor do its crashes open a window that somebody has to close.
  ::SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
  ::_set_error_mode(_OUT_TO_STDERR);
#endif
}

}  // namespace tessera::host
