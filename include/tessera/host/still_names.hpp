// Floor 1, host: whether a name still leads to the same file.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/owner_lock.hpp>

#if defined(TESSERA_POSIX)
#include <sys/stat.h>
#endif

namespace tessera::host {

/// True if `path`, without following a link, leads to the file `id`. On Windows a segment has no
/// path: true while the segment's owner lives. For a file's path: true if it leads to that file.
inline bool still_names(const std::string& path, const FileId& id) {
#if defined(TESSERA_POSIX)
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0 && detail::id_of(s) == id;
#else
  if (id == detail::section_id(path)) return owner_lives(path);
  const auto file = detail::open_file(detail::wide(path), 0, OPEN_EXISTING);
  return file && file_info(file, path).id == id;
#endif
}

}  // namespace tessera::host
