// Floor 1, host: the system's calls behind a doorbell: sleep and wake.
//
// Linux waits on the doorbell's own word (futex). Windows can do that within a process. Between
// processes it needs semaphores, whose handles every process must get.
#pragma once

#include <tessera/base/config.hpp>

namespace tessera::host {

/// What a process needs to wait on a doorbell and to wake its sleepers, besides the doorbell's
/// words. Copies refer to the same waker.
///
///   Waker()            For the threads of one process; on POSIX for all processes. No handles.
///   made(subject)      For several processes. Throws Error(system, no_space).
///   handles            How many handles a waker has. A started process must get them.
///   give(list)         Appends its handles to the list.
///   taken(list, at)    Takes its handles out of the list, from index `at` on.
///   wake(word, epoch, sleepers)
///                      Wakes all that sleep since the word was `epoch`. `sleepers` may be too
///                      high: a sleeper that wakes too early sleeps again.
///   wait(word, epoch, at_most)
///                      Returns when it is woken, after `at_most`, without a reason, or at once if
///                      the word is not `epoch`.
class Waker;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/waker_posix.hpp>
#else
#include <tessera/host/waker_win32.hpp>
#endif
