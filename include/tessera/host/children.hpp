// Floor 1, host: what a keeper has: children that it starts and whose ends it is told of, and a
// channel on which it gets its caller's word.
//
// On Windows the keeper is a thread of its caller: see children_win32.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/process.hpp>

#if defined(TESSERA_POSIX)
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace tessera::host {

struct ChildEnd {
  int pid;
  int status;
};

#if defined(TESSERA_POSIX)

/// More than any machine has cores.
inline constexpr std::size_t most_children = 1024;

/// One end of two connected sockets: what one end sends the other receives.
class Channel {
 public:
  Channel() = default;
  explicit Channel(Descriptor socket) noexcept : socket_(std::move(socket)) {}

  /// Sends one byte; no signal where nobody listens.
  void send(char byte) const noexcept {
    while (::send(socket_.get(), &byte, 1, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }
  /// The byte that arrived, or nothing where the other end has closed.
  std::optional<char> receive() const noexcept {
    char byte = 0;
    ssize_t n;
    do n = ::recv(socket_.get(), &byte, 1, 0);
    while (n < 0 && errno == EINTR);
    return n == 1 ? std::optional(byte) : std::nullopt;
  }
  bool readable(std::chrono::milliseconds at_most) const noexcept {
    return host::readable(socket_, at_most);
  }
  /// True once the other end has closed, and what it had sent is received.
  bool closed() const noexcept {
    char byte;
    return readable(std::chrono::milliseconds(0)) &&
           ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  void close() noexcept { socket_.reset(); }

  /// Why who made this channel is not process `pid`, of this user and of this program's own file;
  /// empty if it is, as far as that can be seen.
  std::string stranger(int pid) const {
#if defined(TESSERA_LINUX)
    struct ucred maker {};
    ::socklen_t size = sizeof maker;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &maker, &size) != 0)
      return "what was given is no channel";
    if (maker.uid != ::getuid() || maker.uid != ::geteuid()) return "another user has started it";
    if (maker.pid != pid) return "who has started it is another process than it says";
    // The files, not their names: a program may be replaced on disk while it runs.
    struct stat its {
    }, own{};
    const auto link = "/proc/" + std::to_string(pid) + "/exe";
    if (::stat(link.c_str(), &its) != 0) {
      // A process that has changed its user can't be looked at by its own. Of this user it could do
      // to this process whatever it likes anyway.
      if (errno == EACCES || errno == EPERM) return {};
      return "who has started it has ended";
    }
    if (::stat("/proc/self/exe", &own) != 0 || its.st_dev != own.st_dev || its.st_ino != own.st_ino)
      return "another program has started it";
#else
    static_cast<void>(pid);
#endif
    return {};
  }

  const Descriptor& descriptor() const noexcept { return socket_; }

 private:
  Descriptor socket_;
};

/// Both ends.
struct ChannelPair {
  Channel ours, theirs;
  explicit ChannelPair(const std::string& subject) {
    int ends[2] = {no_file, no_file};
    const detail::StreamNumbers taken;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
      ours = Channel(Descriptor(ends[0]));
      theirs = Channel(Descriptor(ends[1]));
    }
    if (!ours.descriptor() || !theirs.descriptor()) throw last_failure(subject, "making a socket");
  }
};

/// The children of a process that has no others, and that owns its signals.
class Children {
 public:
  explicit Children(const std::string& subject) {
    struct sigaction wakes {};
    wakes.sa_handler = [](int) {};  // that it interrupts a wait is all
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    if (::sigaction(SIGCHLD, &wakes, nullptr) != 0 ||
        ::pthread_sigmask(SIG_BLOCK, &set, &while_waiting_) != 0)
      throw last_failure(subject, "watching children");
    ::sigdelset(&while_waiting_, SIGCHLD);
  }

  /// A child that has ended and was not collected yet, if there is one.
  std::optional<ChildEnd> collect() noexcept {
    int status = 0;
    pid_t pid;
    do pid = ::waitpid(-1, &status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    return pid > 0 ? std::optional(ChildEnd{pid, status}) : std::nullopt;
  }

  /// Kills one that is not collected yet.
  void kill(int pid) const noexcept { ::kill(pid, SIGKILL); }

  struct Woken {
    bool channel_ready, caller_ended;
  };
  /// Until a child ends, the channel has something or has closed, the caller has ended, or the
  /// timeout.
  Woken wait(const Channel& channel, const ProcessHandle& caller, int milliseconds) const noexcept {
    struct pollfd polls[2] = {{channel.descriptor().get(), POLLIN, 0},
                              {caller.descriptor().get(), POLLIN, 0}};
    const bool told = static_cast<bool>(caller.descriptor());  // of the caller's end
    constexpr int look_again = 50;
    if (!told && (milliseconds < 0 || milliseconds > look_again)) milliseconds = look_again;
    const bool ready = wait(polls, 2, milliseconds);
    return {ready && polls[0].revents != 0, told ? ready && polls[1].revents != 0
                                                 : caller.wait_ended(std::chrono::milliseconds(0))};
  }
  /// Until a child ends, or the timeout.
  void wait(int milliseconds) const noexcept { wait(nullptr, 0, milliseconds); }

 private:
  // SIGCHLD arrives in here alone: an end between collect() and this call is not missed.
  bool wait(struct pollfd* polls, nfds_t count, int milliseconds) const noexcept {
#if defined(TESSERA_LINUX)
    const struct timespec time {
      milliseconds / 1000, milliseconds % 1000 * 1000000L
    };
    return ::ppoll(polls, count, milliseconds < 0 ? nullptr : &time, &while_waiting_) > 0;
#else
    constexpr int look_again = 20;
    return ::poll(polls, count,
                  milliseconds < 0 ? look_again : (std::min)(milliseconds, look_again)) > 0;
#endif
  }
  sigset_t while_waiting_;
};

#endif

}  // namespace tessera::host

#if defined(TESSERA_WIN32)
#include <tessera/host/children_win32.hpp>
#endif
