// Floor 1, host: the functions of segment_files.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/open_file.hpp>
#include <tessera/host/segment_folder.hpp>

namespace tessera::host {

namespace detail {

/// What a file that can't be an array is called in an Error; null for one that can.
inline const char* no_array_kind(mode_t mode) noexcept {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISLNK(mode)) return "it is a link";
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISFIFO(mode)) return "it is a fifo";
  if (S_ISSOCK(mode)) return "it is a socket";
  return "it is a device";
}

}  // namespace detail

inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool follow) {
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
    if (errno == ELOOP) refuse_unless_regular(S_IFLNK);  // it has become a link meanwhile
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

}  // namespace tessera::host

#endif
