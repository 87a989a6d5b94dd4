// Floor 1, host: the members of channel.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>

namespace tessera::host {

class Channel {
 public:
  Channel() = default;
  explicit Channel(Descriptor socket) noexcept : socket_(std::move(socket)) {}

  void send(char byte) const noexcept {
    while (::send(socket_.get(), &byte, 1, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }
  std::optional<char> receive() const noexcept {
    char byte = 0;
    ssize_t n;
    do n = ::recv(socket_.get(), &byte, 1, 0);
    while (n < 0 && errno == EINTR);
    return n == 1 ? std::optional(byte) : std::nullopt;
  }
  bool closed() const noexcept {
    char byte;
    return readable(socket_, std::chrono::milliseconds(0)) &&
           ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  void close() noexcept { socket_.reset(); }

  const Descriptor& descriptor() const noexcept { return socket_; }

  /// Only here. Checks that the other end was made by process `pid`, and that this process is of
  /// the same user and runs the same program file. Returns the reason if not, else an empty text.
  std::string distrust_reason(int pid) const {
    struct ucred maker {};
    ::socklen_t size = sizeof maker;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &maker, &size) != 0)
      return "what was given is no channel";
    if (maker.uid != ::getuid() || maker.uid != ::geteuid()) return "another user has started it";
    if (maker.pid != pid) return "who has started it is another process than it says";
    // Compare the files, not their names: a program may be replaced on disk while it runs.
    struct stat its {
    }, own{};
    const auto link = "/proc/" + std::to_string(pid) + "/exe";
    if (::stat(link.c_str(), &its) != 0) {
      // A process that has changed its user can't be inspected by that user. If the user is the
      // same, it could do anything to this process anyway.
      if (errno == EACCES || errno == EPERM) return {};
      return "who has started it has ended";
    }
    if (::stat("/proc/self/exe", &own) != 0 || its.st_dev != own.st_dev || its.st_ino != own.st_ino)
      return "another program has started it";
    return {};
  }

 private:
  Descriptor socket_;
};

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

}  // namespace tessera::host

#endif
