// Floor 1, host: the files of named segments: open, list, unlink.
//
// new_file.hpp explains how a name appears complete and locked, and why a creator that dies leaves
// nothing. On Windows names are in no folder and end with their last process. They leave no orphans
// and can't be removed, renamed or listed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/new_file.hpp>
#include <tessera/host/open_file.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/host/still_names.hpp>

#if defined(TESSERA_POSIX)
#include <unistd.h>
#endif

namespace tessera::host {

/// True if a name and its file stay when no process has it open.
#if defined(TESSERA_POSIX)
inline constexpr bool names_outlive_processes = true;
#else
inline constexpr bool names_outlive_processes = false;
#endif

/// The path of a name. On Windows the bare name, which other processes of the user's session can
/// open.
inline std::string segment_path(std::string_view name) {
#if defined(TESSERA_POSIX)
  return segment_folder() + std::string(name);
#else
  return std::string(name);
#endif
}

/// An absolute path. "x/.." is not shortened: it leads elsewhere if x is a link. On Windows it is,
/// as the system does.
inline std::string absolute(const std::string& path) {
#if defined(TESSERA_POSIX)
  return std::filesystem::absolute(path).string();
#else
  return detail::narrow(std::filesystem::absolute(detail::wide(path)).lexically_normal());
#endif
}

/// Opens an existing regular file; nothing if there is none. Links, fifos and devices are refused:
/// a name must be the array itself. `follow`: links are followed, for a user's own files. The type
/// is checked before the open, since opening a fifo would wake a process that waits for a reader.
/// On Windows it opens a complete section; with `follow` a file.
inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool follow = false);

/// Removes a name. Does nothing on Windows: a name ends with its last process.
inline void unlink([[maybe_unused]] const std::string& path) noexcept {
#if defined(TESSERA_POSIX)
  ::unlink(path.c_str());
#endif
}

/// Names of all entries in the segment folder, foreign ones too. On Windows the names that this
/// process has created or attached, if they still exist.
inline std::vector<std::string> segment_names();

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/segment_files_posix.hpp>
#else
#include <tessera/host/segment_files_win32.hpp>
#endif
