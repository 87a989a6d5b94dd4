// Floor 1, host: the members of process.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <tessera/base/error.hpp>
#include <tessera/host/exit.hpp>
#include <tessera/host/file.hpp>

namespace tessera::host {

namespace detail {
/// In a forked child: runs `body` and ends with the code that it returns.
template <class Body>
[[noreturn]] void run_and_leave(Body& body) noexcept {
  int code = 70;
  try {
    code = body();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
  }
  leave(code);
}
}  // namespace detail

template <class Body>
int fork_child(const std::string& subject, Body&& body) {
  const pid_t pid = ::fork();
  if (pid < 0)
    throw system_failure(errno, subject, "starting a process",
                         "see ulimit -u and the memory that is free");
  if (pid == 0) detail::run_and_leave(body);
  return pid;
}

namespace detail {

/// What the system reports for a process id.
struct ProcessStatus {
  char state = 'X';  ///< as in ps; X: no such process
  /// Start time in the system's ticks. No two processes with the same id have the same one.
  unsigned long long begun = 0;
  bool ended() const noexcept { return state == 'Z' || state == 'X' || state == 'x'; }
};
inline ProcessStatus read_process_status(int pid) noexcept {
  ProcessStatus out;
  char text[1024];
  std::snprintf(text, sizeof text, "/proc/%d/stat", pid);
  const Descriptor file(retry([&] { return ::open(text, O_RDONLY | O_CLOEXEC); }));
  const auto n = file ? ::read(file.get(), text, sizeof text - 1) : -1;
  text[n > 0 ? n : 0] = '\0';
  // The program's name may contain anything, so parse after it: state is field 3, start time field
  // 22.
  const char* const behind = std::strrchr(text, ')');
  if (behind != nullptr)
    std::sscanf(behind + 1,
                " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                &out.state, &out.begun);
  return out;
}

}  // namespace detail

class ProcessHandle {
 public:
  ProcessHandle() = default;
  explicit ProcessHandle(int pid) : pid_(pid) {
    fd_ = opened([pid] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
    if (fd_) return;
    const int failure = errno;
    const auto refuse = [&](std::string_view advice) {
      return system_failure(failure, "process " + std::to_string(pid), "watching a process",
                            advice);
    };
    if (failure == EMFILE || failure == ENFILE || failure == ENOMEM) throw refuse({});
    if (failure == ESRCH) throw refuse("it has ended already");
    begun_ = detail::read_process_status(pid).begun;
    if (begun_ == 0) throw refuse("allow pidfd_open, or mount /proc");
  }

  bool wait_ended(std::chrono::milliseconds at_most) const noexcept {
    if (fd_) return readable(fd_, at_most);
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (!has_ended()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  void reap() const noexcept {
    siginfo_t info;
    constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, which some headers lack
    const auto taken = [&] {
      return detail::retry([&] {
        return ::waitid(by_pidfd, static_cast<id_t>(fd_.get()), &info, WEXITED | WNOHANG | __WALL);
      });
    };
    if (fd_ && (taken() == 0 || errno == ECHILD)) return;
    // By process id. A process that can't be verified is reaped only if it sends no signal at its
    // end: the program's own children do send one, and are left to the program.
    if (fd_ || detail::read_process_status(pid_).begun == begun_)
      ::waitpid(pid_, nullptr, WNOHANG | static_cast<int>(fd_ ? __WCLONE : __WALL));
  }

  void kill() const noexcept {
    if (fd_ &&
        (::syscall(SYS_pidfd_send_signal, fd_.get(), SIGKILL, nullptr, 0) == 0 || errno == ESRCH))
      return;
    if (!wait_ended(std::chrono::milliseconds(0))) ::kill(pid_, SIGKILL);
  }

  const Descriptor& descriptor() const noexcept { return fd_; }

 private:
  bool has_ended() const noexcept {
    const auto now = detail::read_process_status(pid_);
    return now.ended() || now.begun != begun_;
  }

  int pid_ = 0;
  Descriptor fd_;
  unsigned long long begun_ = 0;
};

inline std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) {
    const char* const words = ::strsignal(WTERMSIG(status));
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           (words ? words : "?") + ")";
  }
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

inline int own_pid() noexcept { return ::getpid(); }
inline int parent_pid() noexcept { return ::getppid(); }

inline std::uint64_t start_time_of(int pid) noexcept {
  const auto now = detail::read_process_status(pid);
  return now.ended() ? 0 : now.begun;
}

inline void detach(const char* name, bool make_way) noexcept {
  if (make_way) {
    static_cast<void>(::setpgid(0, 0));
  } else {
    ::setsid();
  }
  ::prctl(PR_SET_NAME, name);
}

inline bool end_with_parent(int parent, const char* name) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, name);
  return ::getppid() == parent;
}

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

}  // namespace tessera::host

#endif
