// Floor 1, host: where names live. Open, enumerate, unlink.
//
// How a name appears complete and locked, and nothing is left of a creator that dies before, is
// told in new_file.hpp. Names on Windows are in no folder, and end with their last process: they
// need no removing and leave no orphans, nor can they be removed, renamed or listed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/leads_to.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/new_file.hpp>
#include <tessera/host/open_file.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/segment_folder.hpp>

#if defined(TESSERA_POSIX)
#include <unistd.h>
#endif

namespace tessera::host {

/// True where a name, and what it leads to, stays when no process has it any more.
#if defined(TESSERA_POSIX)
inline constexpr bool names_outlive_processes = true;
#else
inline constexpr bool names_outlive_processes = false;
#endif

/// The path of a name; on Windows the bare name, which others on this system open, in the session
/// of its user.
inline std::string segment_path(std::string_view name) {
#if defined(TESSERA_POSIX)
  return segment_folder() + std::string(name);
#else
  return std::string(name);
#endif
}

/// A path from wherever this process is by now. Not a shorter one: "x/.." leads elsewhere where x
/// is a link. On Windows "x/.." is short for nothing else, and the system takes it so.
inline std::string absolute(const std::string& path) {
#if defined(TESSERA_POSIX)
  return std::filesystem::absolute(path).string();
#else
  return detail::narrow(std::filesystem::absolute(detail::wide(path)).lexically_normal());
#endif
}

/// Opens an existing regular file; nothing if there is none. Links, fifos and devices are refused:
/// a name must be the array itself. `follow` is for a person's own files, which may be links. It
/// looks before it opens: whoever waits at a fifo would take the opening for its reader's. On
/// Windows a section that is complete; with `follow` a file.
inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool follow = false);

/// Removes a name. Nothing on Windows: the last process that lets go of it does that.
inline void unlink([[maybe_unused]] const std::string& path) noexcept {
#if defined(TESSERA_POSIX)
  ::unlink(path.c_str());
#endif
}

/// Names of all entries in the segment folder, foreign ones included; on Windows of what this
/// process has created or attached and is still there.
inline std::vector<std::string> segment_names();

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/segment_files_posix.hpp>
#else
#include <tessera/host/segment_files_win32.hpp>
#endif
