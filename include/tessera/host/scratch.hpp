// Floor 1, host: files with a scratch name, until they get their own; removal of those whose
// creator has died.
//
// Its creator locks such a file from the beginning and holds it open. A process that gets the lock
// has proven that the creator is gone. The scratch name contains the machine: other machines may
// see the file but not its lock, and must not take a living creator for dead.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/scratch_name.hpp>

namespace tessera::host {

/// Removes the files in this folder whose creators have died. Never throws. Files that can't be
/// read or removed stay.
inline void sweep(const std::string& folder) noexcept;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/scratch_posix.hpp>
#else
#include <tessera/host/scratch_win32.hpp>
#endif
