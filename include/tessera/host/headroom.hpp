// Floor 1, host: how much memory or disk is free, and reserving it for a file before use.
//
// Touching shared memory that the system can't provide is a SIGBUS. A reservation beyond a limit is
// a SIGXFSZ or wakes the out-of-memory killer. So all readable limits are checked first, and then
// the space is reserved at once. A failure is an Error with the bytes wanted and free.
#pragma once

#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

/// Reserves `bytes` for a new file, so that no later touch of its memory fails (SIGBUS). Throws
/// Error(no_space) with the bytes wanted and free. It throws before the system would send SIGXFSZ
/// or wake the out-of-memory killer, if the limits can be read.
inline void reserve(const Descriptor& file, std::uint64_t bytes, Medium medium,
                    const std::string& subject);

/// Reserves the holes in the first `bytes` of an existing file, opened for writing: writing to a
/// hole through a mapping is a SIGBUS if there is no space. `info` are the file's properties. Its
/// content stays. If the file system can't reserve, only the free space is checked. On Windows it
/// does nothing: the first touch of a file takes space as a write does.
inline void reserve_holes(const Descriptor& file, const FileInfo& info, std::uint64_t bytes,
                          const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/headroom_posix.hpp>
#else
#include <tessera/host/headroom_win32.hpp>
#endif
