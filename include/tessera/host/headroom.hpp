// Floor 1, host: how much memory or disk there is, and taking it for a file before it is used.
//
// A touch of shared memory that the system can't back is a SIGBUS, and a reservation past a limit a
// SIGXFSZ or the out-of-memory killer. So every limit that can be read is read first, and the space
// is reserved at once: what fails, fails as an Error that says how much was wanted and free.
#pragma once

#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

/// Reserves `bytes` for a new file, so that no later touch of its memory can fail (SIGBUS). Throws
/// Error(no_space) with the bytes wanted and free, before the system would send SIGXFSZ or wake its
/// out-of-memory killer wherever limits could be read.
inline void reserve(const Descriptor& file, std::uint64_t bytes, Medium medium,
                    const std::string& subject);

/// The same for the first `bytes` of a file that is there, opened for writing, and `info` of it: a
/// write to a hole, through a mapping, would be a SIGBUS where there is no space. What is in it
/// stays. Only a lack that can be seen is told where a file system can't reserve.
/// Nothing on Windows: a file's first touch takes its space as a write does.
inline void reserve_holes(const Descriptor& file, const FileInfo& info, std::uint64_t bytes,
                          const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/headroom_posix.hpp>
#else
#include <tessera/host/headroom_win32.hpp>
#endif
