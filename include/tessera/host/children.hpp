// Floor 1, host: the keeper's children: start them, wait for their ends, kill them.
//
// On Windows the keeper is a thread of the caller. The children are in a job object of this
// process, so the system ends them when this process ends, however it ends.
#pragma once

#include <tessera/base/config.hpp>
#include <tessera/host/capabilities.hpp>
#include <tessera/host/channel.hpp>
#include <tessera/host/process.hpp>

namespace tessera::host {

/// The children of a process that has no other children and handles no signals itself. On Windows:
/// the programs that this object has started.
///
///   Children(subject)  Throws Error(system), which names `subject`.
///   collect()          A child that has ended and was not collected yet; nothing if there is none.
///   kill(pid)          Kills a child that was not collected yet.
///   wait(channel, caller, milliseconds)
///                      Returns when a child has ended, when the channel has a byte or was closed,
///                      when the caller has ended (on Windows the caller is this process), or after
///                      the timeout. A negative timeout means none.
///   wait(milliseconds) Returns when a child has ended, or after the timeout.
class Children;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/children_posix.hpp>
#else
#include <tessera/host/children_win32.hpp>
#endif
