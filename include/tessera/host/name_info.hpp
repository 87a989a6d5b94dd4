// Floor 1, host: the properties of a name, without opening its file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/try_lock.hpp>

#if defined(TESSERA_POSIX)
#include <sys/stat.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <dirent.h>
#include <fcntl.h>
#endif

namespace tessera::host {

struct NameInfo {
  FileId id;
  std::uint64_t bytes = 0;
  std::uint64_t user = 0;  ///< user id of the file's owner; 0 on Windows
  bool ours = false;       ///< true if this process's effective user owns it
  const char* thing = "";  ///< "a file", "a folder", "a link"
  bool regular = false;
};

/// The properties of `path`; nothing if there is no such name.
inline std::optional<NameInfo> read_name_info(const std::string& path) {
#if defined(TESSERA_POSIX)
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0) return std::nullopt;
  const char* const thing = S_ISREG(s.st_mode)    ? "a file"
                            : S_ISDIR(s.st_mode)  ? "a folder"
                            : S_ISLNK(s.st_mode)  ? "a link"
                            : S_ISFIFO(s.st_mode) ? "a fifo"
                            : S_ISSOCK(s.st_mode) ? "a socket"
                                                  : "a device";
  const bool sized = S_ISREG(s.st_mode);
  return NameInfo{{s.st_dev, s.st_ino},
                  sized ? static_cast<std::uint64_t>(s.st_size) : 0,
                  s.st_uid,
                  s.st_uid == ::geteuid(),
                  thing,
                  sized};
#else
  const auto file = open_existing(path, Access::read_only, path);
  if (!file) return std::nullopt;
  return NameInfo{file->info.id, file->info.bytes, 0, file->info.ours, "a section", true};
#endif
}

/// Calls `visit` with the names of this user's own files that may be segments, for the automatic
/// removal of orphans. Only for a folder of this machine alone: locks in a shared file system may
/// not reach other machines. Visits all names if there are at most 64. Otherwise it visits those
/// that it reaches within `at_most`, and starts at a different name each time.
template <class Visit>
void visit_own_files(std::chrono::microseconds at_most, Visit&& visit) {
#if defined(TESSERA_LINUX)
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  DIR* const folder = ::opendir(segment_folder());
  if (folder == nullptr) return;
  const struct Closed {
    DIR* folder;
    ~Closed() { ::closedir(folder); }
  } closed{folder};
  if (!locks_reach_all(::dirfd(folder))) return;
  constexpr std::size_t surely = 64, names_read = 8192;
  std::vector<std::string> names;
  while (names.size() < names_read) {
    const auto* const entry = ::readdir(folder);
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.' && (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN))
      names.emplace_back(entry->d_name);
  }
  const auto some_number = static_cast<std::size_t>(began.time_since_epoch().count());
  const auto first = names.empty() ? 0 : some_number % names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i >= surely && Clock::now() - began > at_most) return;
    const auto& name = names[(first + i) % names.size()];
    struct stat s {};
    // A segment ends with its control block, so its size is a multiple of a cache line.
    if (::fstatat(::dirfd(folder), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(s.st_mode) && s.st_uid == ::geteuid() && s.st_size > 0 && s.st_size % 64 == 0)
      visit(name);
  }
#else
  static_cast<void>(at_most), static_cast<void>(visit);
#endif
}

}  // namespace tessera::host
