// Floor 1, host: what stands under a name, seen from outside: nothing is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/segment_files.hpp>

#if defined(TESSERA_POSIX)
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tessera::host {

struct NameLook {
  FileId id;
  std::uint64_t bytes = 0;
  std::uint64_t user = 0;  ///< whose it is, by number; 0 on Windows
  bool ours = false;       ///< the effective user's of this process
  const char* thing = "";  ///< "a file", "a folder", "a link"
  bool regular = false;
};

/// Nothing if there is no such name.
inline std::optional<NameLook> look_at_name(const std::string& path) {
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
  return NameLook{{static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)},
                  sized ? static_cast<std::uint64_t>(s.st_size) : 0,
                  s.st_uid,
                  s.st_uid == ::geteuid(),
                  thing,
                  sized};
#else
  const auto file = open_existing(path, Access::read_only, path);
  if (!file) return std::nullopt;
  return NameLook{file->info.id, file->info.bytes, 0, file->info.ours, "a section", true};
#endif
}

}  // namespace tessera::host
