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
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/vfs.h>
#endif

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
  /// Mappings are multiples of it: of a huge page, where it is made of these.
  std::size_t unit = 1;
  std::uint64_t held = 0;  ///< bytes for which it has room already; fewer where it has holes

  /// What is to be mapped for the first `bytes`.
  std::size_t mapped(std::size_t length) const noexcept {
    return (length + unit - 1) / unit * unit;
  }
};

#if defined(TESSERA_POSIX)

namespace detail {
inline FileId id_of(const struct stat& s) noexcept {
  return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)};
}
}  // namespace detail

/// What an open file's bytes stand in.
enum class Storage { memory, huge_pages, disk, unknown };

inline Storage storage_of(const Descriptor& file) noexcept {
#if defined(TESSERA_LINUX)
  struct statfs fs {};
  if (::fstatfs(file.get(), &fs) != 0) return Storage::unknown;
  switch (static_cast<std::uint32_t>(fs.f_type)) {
    case 0x01021994:                              // tmpfs
    case 0x858458f6: return Storage::memory;      // ramfs
    case 0x958458f6: return Storage::huge_pages;  // hugetlbfs
    default: return Storage::disk;
  }
#else
  static_cast<void>(file);
  return Storage::unknown;
#endif
}

inline FileInfo file_info(const Descriptor& file, const std::string& subject) {
  struct stat s {};
  if (::fstat(file.get(), &s) != 0) throw system_failure(errno, subject, "reading its size");
  const bool huge = s.st_blksize > 65536 && storage_of(file) == Storage::huge_pages;
  return {detail::id_of(s),
          static_cast<std::uint64_t>(s.st_size),
          S_ISREG(s.st_mode),
          s.st_uid == ::geteuid(),
          huge ? static_cast<std::size_t>(s.st_blksize) : 1,
          static_cast<std::uint64_t>(s.st_blocks) * 512};
}

/// True if `path` itself (no link followed) leads to the file `id`.
inline bool leads_to(const std::string& path, const FileId& id) {
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0 && detail::id_of(s) == id;
}

/// Reads up to `bytes` at `offset`; fewer only where the file ends. Never a SIGBUS, whoever
/// truncates the file meanwhile.
inline std::size_t read_into(const Descriptor& file, std::uint64_t offset, void* to,
                             std::size_t bytes, const std::string& subject) {
  std::size_t got = 0;
  while (got < bytes) {
    const auto n = ::pread(file.get(), static_cast<char*>(to) + got, bytes - got,
                           static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, subject, "reading");
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

namespace detail {

/// For a hugetlbfs, which knows no other way to write. Inside the file's bytes. False if it can't.
inline bool write_by_mapping(const Descriptor& file, std::uint64_t offset, std::string_view bytes) {
  struct stat s {};
  if (storage_of(file) != Storage::huge_pages || ::fstat(file.get(), &s) != 0) return false;
  const auto page = static_cast<std::uint64_t>(s.st_blksize);
  const auto from = offset / page * page, skipped = offset - from;
  const auto room = (static_cast<std::uint64_t>(s.st_size) + page - 1) / page * page;
  if (room < offset + bytes.size()) return false;
  const auto length = (skipped + bytes.size() + page - 1) / page * page;
  void* const at =
      ::mmap(nullptr, length, PROT_WRITE, MAP_SHARED, file.get(), static_cast<off_t>(from));
  if (at == MAP_FAILED) return false;
  std::memcpy(static_cast<char*>(at) + skipped, bytes.data(), bytes.size());
  ::munmap(at, length);
  return true;
}

}  // namespace detail

/// Writes all of `bytes` at `offset`.
inline void write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                     const std::string& subject) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EINVAL && detail::write_by_mapping(file, offset, bytes)) return;
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

namespace tessera::host {

/// The same as a string.
inline std::string read_at(const Descriptor& file, std::uint64_t offset, std::size_t bytes,
                           const std::string& subject) {
  std::string out(bytes, '\0');
  out.resize(read_into(file, offset, out.data(), bytes, subject));
  return out;
}

}  // namespace tessera::host
