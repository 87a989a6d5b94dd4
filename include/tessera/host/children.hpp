// Floor 1, host: what a keeper has: children that it starts and whose ends it is told of.
//
// On Windows the keeper is a thread of its caller. Its children are in a job object of this
// process: when it ends, however it ends, the system ends them.
#pragma once

#include <tessera/base/config.hpp>
#include <tessera/host/channel.hpp>
#include <tessera/host/process.hpp>

namespace tessera::host {

/// The children of a process that has no others, and that owns its signals; on Windows the programs
/// that this object has started.
///
///   most_children          How many there may be.
///   Children(subject)      Throws Error(system) about `subject`.
///   collect()              A child that has ended and was not collected yet, if there is one.
///   kill(pid)              Kills one that is not collected yet.
///   wait(channel, caller, milliseconds)
///                          Until a child ends, the channel has something or has closed, the caller
///                          has ended, or the timeout (none if negative). On Windows the caller is
///                          this process.
///   wait(milliseconds)     Until a child ends, or the timeout.
class Children;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/children_posix.hpp>
#else
#include <tessera/host/children_win32.hpp>
#endif
