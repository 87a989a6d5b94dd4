// Floor 1, host: the functions of scratch.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/scratch_name.hpp>
#include <tessera/host/still_names.hpp>
#include <tessera/host/try_lock.hpp>

namespace tessera::host {

namespace detail {

/// Takes the lock that proves that the creator lives. Also true if the file system has no locks:
/// then no process can get the lock, and none removes the file.
inline bool lock_scratch(const Descriptor& file) {
  return try_lock(file, Lock::exclusive) || errno != EWOULDBLOCK;
}

/// Creates a file with a scratch name; `path` gets its path. Empty, and errno, if it is refused.
inline Descriptor open_scratch(const std::string& folder, unsigned mode, std::string& path) {
  for (int tries = 0; tries < 100; ++tries) {
    path = folder + scratch_name();
    Descriptor file = opened([&] {
      return ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
    });
    if (!file && errno == EEXIST) continue;
    if (!file) break;
    // Before it was locked, a sweep may have taken it for a dead creator's file and removed it.
    struct stat s {};
    if (lock_scratch(file) && ::fstat(file.get(), &s) == 0 && still_names(path, id_of(s)))
      return file;
  }
  path.clear();
  return {};
}

}  // namespace detail

inline void sweep(const std::string& folder) noexcept {
  try {
    std::vector<std::string> names;
    const auto prefix = detail::scratch_prefix();
    DIR* const entries = ::opendir(folder.c_str());
    if (entries == nullptr) return;
    while (const auto* entry = ::readdir(entries)) {
      const std::string_view name(entry->d_name);
      if (name.size() == prefix.size() + 16 && name.starts_with(detail::scratch_begin))
        names.emplace_back(name);
    }
    ::closedir(entries);
    for (const auto& name : names) {
      const auto path = folder + name;
      const Descriptor file = opened(
          [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW); });
      struct stat s {};
      if (file && ::fstat(file.get(), &s) == 0 && S_ISREG(s.st_mode) &&
          (s.st_uid == ::geteuid() || ::geteuid() == 0) &&
          (name.starts_with(prefix) || locks_reach_all(file.get())) &&
          try_lock(file, Lock::exclusive) && still_names(path, detail::id_of(s)))
        ::unlink(path.c_str());
    }
  } catch (const std::exception&) {
    // No memory or descriptors: the next sweep tries again.
  }
}

}  // namespace tessera::host

#endif
