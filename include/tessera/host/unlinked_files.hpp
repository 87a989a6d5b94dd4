// Floor 1, host: open files of another process that have no name any more.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/segment_files.hpp>

#if defined(TESSERA_LINUX)
#include <fcntl.h>
#include <sys/stat.h>
#endif

namespace tessera::host {

/// Opens the regular files without a name that process `pid` has open, one after the other, until
/// `visit` returns true. Returns true then. False if no file was taken, or if the system does not
/// let this process look: the other process has changed its user, or is another user's.
template <class Visit>
bool visit_nameless_files(int pid, Access access, Visit&& visit) {
#if defined(TESSERA_LINUX)
  std::error_code refused;
  using Entries = std::filesystem::directory_iterator;
  const auto folder = "/proc/" + std::to_string(pid) + "/fd";
  for (Entries entry(folder, refused), end; !refused && entry != end; entry.increment(refused)) {
    struct stat s {};
    const auto& path = entry->path();
    if (::stat(path.c_str(), &s) != 0 || !S_ISREG(s.st_mode) || s.st_nlink != 0) continue;
    const int flags = (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK;
    Descriptor file = opened([&] { return ::open(path.c_str(), flags); });
    if (!file) continue;
    const auto info = file_info(file, path.string());
    if (info.regular && visit(OpenFile{std::move(file), info})) return true;
  }
#else
  static_cast<void>(pid), static_cast<void>(access), static_cast<void>(visit);
#endif
  return false;
}

}  // namespace tessera::host
