// Floor 1, host: the lock that proves that an owner lives.
//
// The kernel frees a lock when the last descriptor of its open file closes, however its process
// ends; no process number decides anything. A fork shares the open file, so a forked child closes
// its copies at once and never unlocks: that would unlock the parent's. On Windows the lock is a
// handle on an event, whose name is gone with its owner; there are no forks.
#pragma once

#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/try_lock.hpp>

namespace tessera::host {

/// How many times this process, or an ancestor since it first used the library, was a fork's child:
/// an object that remembers the count knows whether it is used in the process that made it.
inline std::uint64_t fork_generation();

/// A descriptor whose lock proves that its owner lives. Closed, never unlocked, in forked children.
///
///   opened_by(open)  On POSIX: a lock on the Descriptor that `open` returns, which no forked child
///                    will keep.
///   lock(name)       On Windows: makes the mark that the owner of this name lives.
///   held()           True in the process that owns, false in its forked children.
///   descriptor()
///   release()        Closes it, and so frees the lock.
class OwnerLock;

/// True while somebody holds the lock of this file. `subject` is its name.
inline bool owner_lives(const Descriptor& file, const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/owner_lock_posix.hpp>
#else
#include <tessera/host/owner_lock_win32.hpp>
#endif
