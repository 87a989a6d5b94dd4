// Floor 1, host: start, watch and end a process.
//
// A process is watched by pidfd, which stays true when its number is used again and when somebody
// else waits for it. Children leave by leave(): no static destructor of the caller runs twice and
// nothing it had buffered is printed again. For Windows see process_win32.hpp.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>

#if defined(TESSERA_POSIX)
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// There in builds that measure coverage; the name is GCC's.
extern "C" void __gcov_dump(void) __attribute__((weak));  // NOLINT(bugprone-reserved-identifier)
#endif

namespace tessera::host {

/// True where a process can be copied.
#if defined(TESSERA_POSIX)
inline constexpr bool can_fork = true;
#else
inline constexpr bool can_fork = false;
#endif

/// Ends this process at once, without the caller's destructors and buffers.
[[noreturn]] inline void leave(int code) noexcept {
#if defined(TESSERA_LINUX)
  if (__gcov_dump != nullptr) __gcov_dump();
#endif
  ::_exit(code);
}

/// For a process that another one has condemned: it is killed soon, or leaves after two seconds.
[[noreturn]] inline void wait_for_death() noexcept {
  std::this_thread::sleep_for(std::chrono::seconds(2));
  leave(EXIT_FAILURE);
}

#if defined(TESSERA_POSIX)

/// Forks a child that runs `body` and leaves with what it returns. Throws Error(system).
template <class Body>
int fork_child(const std::string& subject, Body&& body) {
  const pid_t pid = ::fork();
  if (pid < 0)
    throw system_failure(errno, subject, "starting a process",
                         "see ulimit -u and the memory that is free");
  if (pid > 0) return pid;
  int code = 70;
  try {
    code = body();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
  }
  leave(code);
}

/// In a forked child: what the parent had buffered for its standard output is the parent's to
/// print.
inline void drop_buffered_output() noexcept {
#if defined(TESSERA_LINUX)
  ::__fpurge(stdout);
  ::__fpurge(stderr);
#endif
}

/// Prints what this process has buffered for its standard output, if anything. Costs next to
/// nothing where there is none.
inline void print_buffered_output() noexcept {
#if defined(TESSERA_LINUX)
  if (::__fpending(stdout) == 0) return;
#endif
  std::fflush(stdout);
}

/// In a forked child: signals as a new program has them, whatever the caller installed or blocked.
inline void reset_signals() noexcept {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// For a process in the background of its caller's terminal: it is neither ended nor stopped when
/// the terminal goes, nor by reading from it or writing to it.
inline void ignore_terminal() noexcept {
  for (const int number : {SIGHUP, SIGTTIN, SIGTTOU}) ::signal(number, SIG_IGN);
}

/// A handle on a process, its own or another.
class ProcessHandle {
 public:
  ProcessHandle() = default;
  /// `pid` must be known to live, or to be unreaped, now. Throws Error(system).
  explicit ProcessHandle(int pid) {
#if defined(TESSERA_LINUX)
    fd_ = opened([pid] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
    if (!fd_)
      throw system_failure(errno, "process", "watching a process", "Linux 5.4 or newer is needed");
#else
    throw Error(Errc::system, "process " + std::to_string(pid), "watching a process needs Linux");
#endif
  }

  /// Waits up to `at_most` for its end; true if it has ended.
  bool wait_ended(std::chrono::milliseconds at_most) const noexcept {
    return readable(fd_, at_most);
  }

  /// Takes the end of a child from the system, if nobody else has.
  void reap() const noexcept {
#if defined(TESSERA_LINUX)
    siginfo_t info;
    constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, newer than some headers
    while (::waitid(by_pidfd, static_cast<id_t>(fd_.get()), &info, WEXITED) != 0 &&
           errno == EINTR) {
    }
#endif
  }

  void kill() const noexcept {
#if defined(TESSERA_LINUX)
    ::syscall(SYS_pidfd_send_signal, fd_.get(), SIGKILL, nullptr, 0);
#endif
  }

  const Descriptor& descriptor() const noexcept { return fd_; }

 private:
  Descriptor fd_;
};

/// What a wait status says, in words: "was killed by signal 9 (Killed)".
inline std::string end_in_words(int status) {
  if (WIFSIGNALED(status)) {
    const char* const words = ::strsignal(WTERMSIG(status));
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           (words ? words : "?") + ")";
  }
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

inline int own_pid() noexcept { return ::getpid(); }
inline int parent_pid() noexcept { return ::getppid(); }

/// Leaves the caller's process group, and with it the signals that its terminal sends; its session
/// too, unless this process and its children are to `make_way` for the caller: Linux shares cores
/// out among sessions first (autogroups), and a thread that yields its core to another session
/// keeps it. `name` is what ps shows.
inline void detach(const char* name, bool make_way) noexcept {
  if (make_way) {
    static_cast<void>(::setpgid(0, 0));
    ignore_terminal();
  } else {
    ::setsid();
  }
#if defined(TESSERA_LINUX)
  ::prctl(PR_SET_NAME, name);
#endif
}

/// The kernel ends this process when its parent ends. False if that has happened already. For a
/// single-threaded parent: the signal comes when the thread that forked ends.
inline bool end_with_parent(int parent, const char* name) noexcept {
#if defined(TESSERA_LINUX)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, name);
#endif
  return ::getppid() == parent;
}

/// Ends one child of this process and collects it; nothing where it has been collected already.
inline void end_child(int pid) noexcept {
  if (::waitpid(pid, nullptr, WNOHANG) != 0) return;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Bytes that only this process uses (Private_Clean + Private_Dirty of Linux's smaps_rollup),
/// shared memory not counted; nothing where that can't be read.
inline std::optional<std::uint64_t> private_bytes(int pid) {
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::uint64_t kilobytes = 0, sum = 0;
  bool seen = false;
  std::string key;
  std::string line;
  std::getline(rollup, line);  // the address range
  while (rollup >> key) {
    if (key == "Private_Clean:" || key == "Private_Dirty:") {
      rollup >> kilobytes;
      sum += kilobytes * 1024;
      seen = true;
    }
    std::getline(rollup, line);
  }
  return seen ? std::optional(sum) : std::nullopt;
}

#endif

}  // namespace tessera::host

#if defined(TESSERA_WIN32)
#include <tessera/host/process_win32.hpp>
#endif
