// Floor 1, host: writes a file and its name to disk.
#pragma once

#include <cerrno>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/access.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/folder_of.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)
namespace detail {
/// True on success, and for file systems that report that there is nothing to write.
inline bool synced(int result) noexcept {
  return result == 0 || errno == EINVAL || errno == EROFS || errno == ENOSYS || errno == ENOTSUP;
}
}  // namespace detail
#endif

/// Returns when all of a file is on disk. Throws Error if the system failed.
inline void sync(const Descriptor& file, Durability durability, const std::string& subject) {
  if (durability == Durability::none) return;
#if defined(TESSERA_POSIX)
  if (!detail::synced(detail::retry([&] { return ::fsync(file.get()); })))
    throw system_failure(errno, subject, "writing to disk", "is the disk full?");
#else
  // A file opened for reading has nothing to write.
  if (::FlushFileBuffers(file.get()) == 0 && ::GetLastError() != ERROR_ACCESS_DENIED)
    throw last_failure(subject, "writing to disk", "is the disk full?");
#endif
}

/// Returns when the name of a file is on disk. Does nothing on Windows: moving the file to its name
/// has done it.
inline void sync_name([[maybe_unused]] const std::string& path,
                      [[maybe_unused]] const Descriptor& file, Durability durability,
                      [[maybe_unused]] const std::string& subject) {
  if (durability == Durability::none) return;
#if defined(TESSERA_POSIX)
  const auto folder = folder_of(path);
  const Descriptor names =
      opened([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (names) return sync(names, durability, subject);
#endif
#if defined(TESSERA_LINUX)
  ::syncfs(file.get());  // a folder that can be written but not read
#endif
}

}  // namespace tessera::host
