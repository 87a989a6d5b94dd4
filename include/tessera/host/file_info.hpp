// Floor 1, host: what the system knows of an open file, and why a call to the system failed.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

/// Whether a shell's ulimit may be what an Error is about; whether a backslash ends a folder.
#if defined(TESSERA_POSIX)
inline constexpr bool has_ulimits = true;
inline constexpr bool windows_paths = false;
#else
inline constexpr bool has_ulimits = false;
inline constexpr bool windows_paths = true;
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
  /// Mappings are multiples of it: of a huge page, where it is made of these.
  std::size_t unit = 1;
  std::uint64_t held = 0;  ///< bytes for which it has room already; fewer where it has holes

  /// What is to be mapped for the first `bytes`.
  std::size_t mapped(std::size_t length) const noexcept {
    return (length + unit - 1) / unit * unit;
  }
};

}  // namespace tessera::host
