// Floor 1, host: the file to which a user's path leads, before another file replaces it.
//
// Links are followed as open(2) does, and stay. The new file gets owner, permissions and access
// list of the old one; if that is impossible, the old file stays. Only regular files are replaced,
// and only if they are writable and have no other names. On Windows the new file gets the access
// list, and belongs to this user.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/sync.hpp>

namespace tessera::host {

/// Where a new file is to be: `path`, which is not a link; `there`: whether a file exists; and the
/// properties of that file.
struct Destination;

/// Follows `path`; the file at its end may be missing. Throws Error: not_an_array if it is not a
/// regular file, not_permitted.
inline Destination destination(const std::string& path);

/// Throws Error(not_permitted) if an existing file must not be replaced.
inline void check_replaceable(const Destination& to, const std::string& subject);

/// Gives `file` owner, permissions and access list of the file that it is to replace. Throws
/// Error(not_permitted) if this user can't.
inline void keep_owner_and_mode(const Descriptor& file, const Destination& to,
                                const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/destination_posix.hpp>
#else
#include <tessera/host/destination_win32.hpp>
#endif
