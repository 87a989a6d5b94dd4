// Floor 1, host: this program, started again.
//
// A new process image, not a copy of this process: its other threads, its memory and what they were
// in the middle of do not matter, and neither does how large it is.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// The descriptor that a program started by start_again() gets.
inline constexpr int given_descriptor = 3;

/// Starts the program that runs here once more, from its own file even if its name leads elsewhere
/// by now, with these arguments and `variable` (as in "NAME=value") in its environment besides what
/// is there. It has this process's folder and standard streams, signals as a new program has them,
/// and of all descriptors `given` alone, as number given_descriptor (glibc before 2.34 can't close
/// those that are not marked close-on-exec). Throws Error(system).
inline pid_t start_again(const std::string& subject, const std::vector<std::string>& arguments,
                         const std::string& variable, const Descriptor& given) {
#if defined(TESSERA_LINUX)
  struct Actions {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    Actions() {
      ::posix_spawn_file_actions_init(&actions);
      ::posix_spawnattr_init(&attributes);
    }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    ~Actions() {
      ::posix_spawn_file_actions_destroy(&actions);
      ::posix_spawnattr_destroy(&attributes);
    }
  } with;
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&with.attributes, &all);
  ::posix_spawnattr_setsigmask(&with.attributes, &none);
  ::posix_spawnattr_setflags(&with.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  ::posix_spawn_file_actions_adddup2(&with.actions, given.get(), given_descriptor);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  ::posix_spawn_file_actions_addclosefrom_np(&with.actions, given_descriptor + 1);
#endif
  std::vector<char*> words{program_invocation_name}, environment;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  for (char** kept = environ; kept != nullptr && *kept != nullptr; ++kept)
    environment.push_back(*kept);
  environment.push_back(const_cast<char*>(variable.c_str()));
  environment.push_back(nullptr);
  pid_t pid = 0;
  const int failure = ::posix_spawn(&pid, "/proc/self/exe", &with.actions, &with.attributes,
                                    words.data(), environment.data());
  if (failure != 0)
    throw system_failure(failure, subject, "starting the program again",
                         "see ulimit -u and the memory that is free; /proc must be there");
  return pid;
#else
  static_cast<void>(arguments), static_cast<void>(variable), static_cast<void>(given);
  throw Error(Errc::system, subject, "starting the program again needs Linux");
#endif
}

#if defined(TESSERA_POSIX)
/// One byte, and room for a descriptor.
struct Letter {
  char byte = 'f';
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  iovec part{&byte, 1};
  msghdr message{};
  Letter() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
  }
  Letter(const Letter&) = delete;
  Letter& operator=(const Letter&) = delete;
};
#endif

/// Takes the descriptor that start_again() gave this program; nothing if that is no socket.
inline Descriptor take_given() noexcept {
#if defined(TESSERA_POSIX)
  int kind = 0;
  socklen_t size = sizeof kind;
  if (::getsockopt(given_descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) != 0) return {};
  ::fcntl(given_descriptor, F_SETFD, FD_CLOEXEC);
  return Descriptor(given_descriptor);
#else
  return {};
#endif
}

/// Sends all of these bytes; no signal where nobody listens, and no error: who waits for an answer
/// learns of it.
inline void send_bytes(const Descriptor& socket, std::span<const std::byte> bytes) noexcept {
#if defined(TESSERA_POSIX)
  while (!bytes.empty()) {
    const auto n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
#endif
}

/// Fills `bytes` with what arrives; false where the other end closes before that.
inline bool receive_bytes(const Descriptor& socket, std::span<std::byte> bytes) noexcept {
#if defined(TESSERA_POSIX)
  while (!bytes.empty()) {
    const auto n = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
#endif
  return true;
}

/// Sends one byte and a descriptor with it; no error, as with send_bytes().
inline void send_descriptor(const Descriptor& socket, const Descriptor& file) noexcept {
#if defined(TESSERA_POSIX)
  Letter letter;
  auto* const header = CMSG_FIRSTHDR(&letter.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = file.get();
  std::memcpy(CMSG_DATA(header), &number, sizeof number);
  while (::sendmsg(socket.get(), &letter.message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
#endif
}

/// The descriptor that arrived; nothing where the other end closes before, or sends none.
inline Descriptor receive_descriptor(const Descriptor& socket) noexcept {
#if defined(TESSERA_POSIX)
  Letter letter;
  ssize_t n;
  do n = ::recvmsg(socket.get(), &letter.message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  const auto* const header = n == 1 ? CMSG_FIRSTHDR(&letter.message) : nullptr;
  int number = -1;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof number))
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
  return Descriptor(number);
#else
  return {};
#endif
}

}  // namespace tessera::host
