// Floor 1, host: the lock that proves that an owner lives.
//
// The kernel frees a lock when the last descriptor of its open file closes, however the process
// ends. No process id decides anything. A fork shares the open file. So a forked child closes its
// copy at once and never unlocks it: that would unlock the parent's too. On Windows the lock is a
// handle to a named event. The name is gone when its owner ends, and there are no forks.
#pragma once

#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/try_lock.hpp>

namespace tessera::host {

/// How many forks are between this process and the one that first used the library. An object that
/// stores the count can tell whether it is used in the process that made it.
inline std::uint64_t fork_generation();

/// A descriptor whose lock proves that its owner lives. Forked children close it and never unlock
/// it.
///
///   opened_by(open)  POSIX: locks the Descriptor that `open` returns. No forked child keeps it.
///   lock(name)       Windows: creates the event that proves that the owner of this name lives.
///   held()           True in the owning process, false in its forked children.
///   descriptor()     The locked descriptor.
///   release()        Closes the descriptor, which frees the lock.
class OwnerLock;

/// True while a process holds the lock of this file. `subject` is the file's name.
inline bool owner_lives(const Descriptor& file, const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/owner_lock_posix.hpp>
#else
#include <tessera/host/owner_lock_win32.hpp>
#endif
