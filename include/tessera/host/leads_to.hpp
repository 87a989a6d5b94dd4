// Floor 1, host: whether a name still leads to the file that it led to.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/owner_lock.hpp>

#if defined(TESSERA_POSIX)
#include <sys/stat.h>
#endif

namespace tessera::host {

/// True if `path` itself (no link followed) leads to the file `id`. On Windows, where a segment has
/// no path: true while the owner of that segment lives, or if the path of a file leads to that one.
inline bool leads_to(const std::string& path, const FileId& id) {
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
