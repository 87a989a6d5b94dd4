// Floor 1, host: the functions of file.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

namespace detail {

inline FileId id_of(const struct stat& s) noexcept {
  return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)};
}

/// For hugetlbfs, where write() does not work. Only inside the file's size. False if it fails.
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

inline bool readable(const Descriptor& file, std::chrono::milliseconds at_most) noexcept {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    // Rounded up: the last part of a millisecond would be a loop of polls that do not wait.
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    struct pollfd poll {
      file.get(), POLLIN, 0
    };
    const int n = ::poll(&poll, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
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

}  // namespace tessera::host

#endif
