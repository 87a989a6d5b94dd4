// Floor 1, host: files under a name that is nobody's, until they get their own; and the removal of
// those whose creator has died.
//
// Such a file is locked from its birth on, by the open file that its creator holds. Whoever gets
// that lock has proven that the creator is gone. A name says which machine it is from: where other
// machines may see a file but not its lock, a living creator there is not taken for dead.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/scratch_name.hpp>

namespace tessera::host {

/// Removes what creators who died have left in this folder. Never throws: what can't be read or
/// removed stays.
inline void sweep(const std::string& folder) noexcept;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/scratch_posix.hpp>
#else
#include <tessera/host/scratch_win32.hpp>
#endif
