// Floor 1, host: where names live. Open, enumerate, unlink.
//
// How a name appears complete and locked, and nothing is left of a creator that dies before, is
// told in new_file.hpp. Names on Windows are not in a folder, and end with their last process: see
// segment_files_win32.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/headroom.hpp>
#include <tessera/host/identity.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/new_file.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/segment_folder.hpp>

#if defined(TESSERA_POSIX)
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
namespace tessera::host {

/// An open file, and what the system knew of it when it was opened.
struct OpenFile : Descriptor {
  FileInfo info;
};

#if defined(TESSERA_POSIX)

/// True where a name, and what it leads to, stays when no process has it any more.
inline constexpr bool names_outlive_processes = true;

inline std::string segment_path(std::string_view name) {
  return segment_folder() + std::string(name);
}

/// A path from wherever this process is by now. Not a shorter one: "x/.." leads elsewhere where x
/// is a link.
inline std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).string();
}

namespace detail {

/// What an Error calls a file that can't be an array; nothing for one that can.
inline const char* no_array_kind(mode_t mode) noexcept {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISLNK(mode)) return "it is a link";
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISFIFO(mode)) return "it is a fifo";
  if (S_ISSOCK(mode)) return "it is a socket";
  return "it is a device";
}

}  // namespace detail

/// Opens an existing regular file; nothing if there is none. Links, fifos and devices are refused:
/// a name must be the array itself. `follow` is for a person's own files, which may be links. It
/// looks before it opens: whoever waits at a fifo would take the opening for its reader's.
inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool follow = false) {
  const auto refuse_unless_regular = [&](mode_t mode) {
    if (const char* const kind = detail::no_array_kind(mode))
      throw Error(Errc::not_an_array, subject, kind, "a name must lead to a regular file");
  };
  struct stat there {};
  if ((follow ? ::stat(path.c_str(), &there) : ::lstat(path.c_str(), &there)) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw system_failure(errno, subject, "looking for it");
  }
  refuse_unless_regular(there.st_mode);
  const int flags = (access == Access::read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK |
                    (follow ? 0 : O_NOFOLLOW);
  Descriptor file = opened([&] { return ::open(path.c_str(), flags); });
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    if (errno == ELOOP) refuse_unless_regular(S_IFLNK);  // by now
    throw system_failure(
        errno, subject, "opening",
        access == Access::read_write ? "a const element type opens read-only" : "");
  }
  const auto info = file_info(file, subject);
  if (!info.regular)
    throw Error(Errc::not_an_array, subject, "it is not a regular file",
                "a name must lead to a regular file");
  return OpenFile{std::move(file), info};
}

inline void unlink(const std::string& path) noexcept { ::unlink(path.c_str()); }

/// Names of all entries in the segment folder, foreign ones included.
inline std::vector<std::string> segment_names() {
  std::vector<std::string> names;
  if (DIR* const folder = ::opendir(segment_folder())) {
    while (const auto* entry = ::readdir(folder))
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    ::closedir(folder);
  }
  std::sort(names.begin(), names.end());
  return names;
}

#endif

}  // namespace tessera::host

#if defined(TESSERA_WIN32)
#include <tessera/host/segment_files_win32.hpp>
#endif
