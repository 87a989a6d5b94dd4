// Floor 1, host: properties of an open file, and the Error of a failed system call.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/access.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

/// Whether an Error may be about a shell's ulimit; whether a backslash ends a folder.
#if defined(TESSERA_POSIX)
inline constexpr bool has_ulimits = true;
inline constexpr bool windows_paths = false;
#else
inline constexpr bool has_ulimits = false;
inline constexpr bool windows_paths = true;
#endif

/// The Error of the system call that has just failed.
inline Error last_failure(std::string subject, std::string_view doing,
                          std::string_view advice = {}) {
#if defined(TESSERA_POSIX)
  return system_failure(errno, std::move(subject), doing, advice);
#else
  return detail::failure_of(::GetLastError(), std::move(subject), doing, advice);
#endif
}

/// Properties of an open file.
struct FileInfo {
  FileId id;
  std::uint64_t bytes = 0;
  bool regular = false;
  bool ours = false;  ///< belongs to this process's effective user
  /// A mapping's size is a multiple of this. On huge pages it is their size.
  std::size_t unit = 1;
  std::uint64_t held = 0;  ///< bytes with reserved space; fewer than the size if it has holes

  /// The size of a mapping for the first `length` bytes.
  std::size_t mapped(std::size_t length) const noexcept {
    return (length + unit - 1) / unit * unit;
  }
};

}  // namespace tessera::host
