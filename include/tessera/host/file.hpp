// Floor 1, host: an open file: what the system knows of it, its bytes.
//
// Reading and writing go through the descriptor, so that no truncation by another process can end
// in a SIGBUS; interrupted calls are repeated. On Windows the descriptor is a handle, and named
// memory, which is no file there, a section: see file_win32.hpp.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// Whether a shell's ulimit may be what an Error is about.
#if defined(TESSERA_POSIX)
inline constexpr bool has_ulimits = true;
#else
inline constexpr bool has_ulimits = false;
#endif

/// An Error from the system call that has just failed.
inline Error last_failure(std::string subject, std::string_view doing,
                          std::string_view advice = {}) {
#if defined(TESSERA_POSIX)
  return system_failure(errno, std::move(subject), doing, advice);
#else
  return detail::failure_of(::GetLastError(), std::move(subject), doing, advice);
#endif
}

/// True once there is something to read, or an end: of a socket's other side, of the process that a
/// pidfd stands for. False after `at_most`, or where nothing can be waited for.
inline bool readable(const Descriptor& file, std::chrono::milliseconds at_most) noexcept {
#if defined(TESSERA_POSIX)
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    struct pollfd poll {
      file.get(), POLLIN, 0
    };
    const int n = ::poll(&poll, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
#else
  static_cast<void>(file), static_cast<void>(at_most);
  return false;
#endif
}

/// Which file: the same for two names of one file, another for a name made anew.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

/// What the system knows of an open file.
struct FileInfo {
  FileId id;
  std::uint64_t bytes = 0;
  bool regular = false;
  bool ours = false;  ///< belongs to this process's effective user
};

#if defined(TESSERA_POSIX)

inline FileInfo file_info(const Descriptor& file, const std::string& subject) {
  struct stat s {};
  if (::fstat(file.get(), &s) != 0) throw system_failure(errno, subject, "reading its size");
  return {{static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)},
          static_cast<std::uint64_t>(s.st_size),
          S_ISREG(s.st_mode),
          s.st_uid == ::geteuid()};
}

/// Reads up to `bytes` at `offset`; fewer only where the file ends. Never a SIGBUS, whoever
/// truncates the file meanwhile.
inline std::string read_at(const Descriptor& file, std::uint64_t offset, std::size_t bytes,
                           const std::string& subject) {
  std::string out(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const auto n =
        ::pread(file.get(), out.data() + got, bytes - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, subject, "reading");
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

/// Writes all of `bytes` at `offset`.
inline void write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                     const std::string& subject) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, subject, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

#endif

}  // namespace tessera::host

#if defined(TESSERA_WIN32)
#include <tessera/host/file_win32.hpp>
#endif
