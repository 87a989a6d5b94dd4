// Floor 1, host: the file that a person's path leads to, before another one takes its place.
//
// Links are followed as open(2) follows them, so that they stay. What takes the place of a file has
// its owner, its permissions and its access list; where that can't be, the old file stays. Nothing
// but a regular file is replaced, and none that is read-only or has further names. On Windows what
// takes the place of a file has its access list; its owner is this user.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/sync.hpp>

namespace tessera::host {

/// Where a new file is to be: a `path` that is no link, whether a file is `there`, and what that
/// is.
struct Destination;

/// Where `path` leads; the file may be missing there. Throws Error: not_an_array where it is
/// something else than a file, not_permitted.
inline Destination destination(const std::string& path);

/// Throws Error(not_permitted) if a file that is there must not be replaced.
inline void check_replaceable(const Destination& to, const std::string& subject);

/// Gives a file the owner, the permissions and the access list of the one that it is to replace.
/// Throws Error(not_permitted) where this user can't.
inline void keep_owner_and_mode(const Descriptor& file, const Destination& to,
                                const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/destination_posix.hpp>
#else
#include <tessera/host/destination_win32.hpp>
#endif
