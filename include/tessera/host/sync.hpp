// Floor 1, host: a file, and its name, on disk.
#pragma once

#include <cerrno>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/folder_of.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// What is so when a file has been made: it is on disk, for a power cut may come; or it will be
/// when the system gets to it, which is faster.
enum class Durability { disk, none };

#if defined(TESSERA_POSIX)
namespace detail {
/// Some file systems have nothing to write for it, and say so.
inline bool synced(int result) noexcept {
  return result == 0 || errno == EINVAL || errno == EROFS || errno == ENOSYS || errno == ENOTSUP;
}
}  // namespace detail
#endif

/// Has all of a file on disk before it returns. Throws Error where the system could not.
inline void sync(const Descriptor& file, Durability durability, const std::string& subject) {
  if (durability == Durability::none) return;
#if defined(TESSERA_POSIX)
  if (!detail::synced(detail::retry([&] { return ::fsync(file.get()); })))
    throw system_failure(errno, subject, "writing to disk", "is the disk full?");
#else
  // What is open for reading only has nothing to write.
  if (::FlushFileBuffers(file.get()) == 0 && ::GetLastError() != ERROR_ACCESS_DENIED)
    throw last_failure(subject, "writing to disk", "is the disk full?");
#endif
}

/// Has the name of a file on disk before it returns. Nothing on Windows: a file was moved to its
/// name there, and that is on disk.
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
  ::syncfs(file.get());  // a folder that may be written but not read
#endif
}

}  // namespace tessera::host
