// Floor 1, host: the members of children.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <poll.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>

#include <tessera/host/channel.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/process.hpp>

namespace tessera::host {

class Children {
 public:
  explicit Children(const std::string& subject) {
    struct sigaction wakes {};
    wakes.sa_handler = [](int) {};  // it only interrupts a wait
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    if (::sigaction(SIGCHLD, &wakes, nullptr) != 0 ||
        ::pthread_sigmask(SIG_BLOCK, &set, &while_waiting_) != 0)
      throw last_failure(subject, "watching children");
    ::sigdelset(&while_waiting_, SIGCHLD);
  }

  std::optional<ChildEnd> collect() noexcept {
    int status = 0;
    pid_t pid;
    do pid = ::waitpid(-1, &status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    return pid > 0 ? std::optional(ChildEnd{pid, status}) : std::nullopt;
  }

  void kill(int pid) const noexcept { ::kill(pid, SIGKILL); }

  struct Woken {
    bool channel_ready, caller_ended;
  };
  Woken wait(const Channel& channel, const ProcessHandle& caller, int milliseconds) const noexcept {
    struct pollfd polls[2] = {{channel.descriptor().get(), POLLIN, 0},
                              {caller.descriptor().get(), POLLIN, 0}};
    const bool told = static_cast<bool>(caller.descriptor());  // the caller's end is reported
    constexpr int look_again = 50;
    if (!told && (milliseconds < 0 || milliseconds > look_again)) milliseconds = look_again;
    const bool ready = wait(polls, 2, milliseconds);
    return {ready && polls[0].revents != 0, told ? ready && polls[1].revents != 0
                                                 : caller.wait_ended(std::chrono::milliseconds(0))};
  }
  void wait(int milliseconds) const noexcept { wait(nullptr, 0, milliseconds); }

 private:
  // SIGCHLD is unblocked only in here, so an end between collect() and this call is not missed.
  bool wait(struct pollfd* polls, nfds_t count, int milliseconds) const noexcept {
    const struct timespec time {
      milliseconds / 1000, milliseconds % 1000 * 1000000L
    };
    return ::ppoll(polls, count, milliseconds < 0 ? nullptr : &time, &while_waiting_) > 0;
  }
  sigset_t while_waiting_;
};

}  // namespace tessera::host

#endif
