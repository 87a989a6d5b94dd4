// Floor 1, host: the system calls of output_pipe.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>

namespace tessera::host::detail {

/// Makes both ends of a pipe. Throws Error(system).
inline void make_pipe(Descriptor& read_end, Descriptor& written_end,
                      [[maybe_unused]] std::size_t bytes, const std::string& subject) {
  int ends[2] = {no_file, no_file};
  {
    const StreamNumbers taken;
#if defined(TESSERA_LINUX)
    const int result = ::pipe2(ends, O_CLOEXEC);
#else
    const int result = ::pipe(ends);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
    if (result == 0) {
      read_end = Descriptor(ends[0]);
      written_end = Descriptor(ends[1]);
    }
  }
  if (!read_end || !written_end) throw last_failure(subject, "making a pipe");
  ::fcntl(read_end.get(), F_SETFL, O_RDONLY | O_NONBLOCK);
#if defined(F_SETPIPE_SZ)
  ::fcntl(written_end.get(), F_SETPIPE_SZ, static_cast<int>(bytes));
#endif
}

inline std::uint64_t pipe_identity(const Descriptor& pipe) noexcept {
  struct stat its {};
  return ::fstat(pipe.get(), &its) == 0 && S_ISFIFO(its.st_mode) ? its.st_ino : 0;
}
inline bool is_pipe(const Descriptor& pipe, std::uint64_t identity) noexcept {
  return identity != 0 && pipe_identity(pipe) == identity;
}

inline std::size_t bytes_there(const Descriptor& pipe) noexcept {
  int n = 0;
  return ::ioctl(pipe.get(), FIONREAD, &n) == 0 && n > 0 ? static_cast<std::size_t>(n) : 0;
}

inline std::size_t read_what_is_there(const Descriptor& pipe, std::span<char> into) noexcept {
  ssize_t n;
  do n = ::read(pipe.get(), into.data(), into.size());
  while (n < 0 && errno == EINTR);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

inline void print_into(const Descriptor& pipe) noexcept {
  std::fflush(stdout);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
    retry([&] { return ::dup2(pipe.get(), stream); });
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

inline void write_all(const Descriptor& pipe, std::string_view text) noexcept {
  while (!text.empty()) {
    const auto n = ::write(pipe.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace tessera::host::detail

#endif
