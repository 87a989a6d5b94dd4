// Floor 1, host: what the sleepers of a doorbell sleep on.
//
// Linux waits on the doorbell's own word. Windows can do so within a process; between processes
// semaphores stand beside it, which each process has to be given.
#pragma once

#include <tessera/base/config.hpp>

namespace tessera::host {

/// What a process needs, besides the words of a doorbell, to wake and to wait. A copy is the same
/// one.
///
///   Waker()            The words alone: for the threads of one process, and on POSIX for all.
///   made(subject)      For several processes. Throws Error(system, no_space).
///   handles            How many handles each has, which a process that is started must be given.
///   give(list)         Appends its handles to the list.
///   taken(list, at)    Takes its handles out of the list, from `at` on.
///   wake(word, epoch, sleepers)
///                      Wakes those that sleep since the word was `epoch`. Some more than sleep do
///                      no harm: who wakes too early sleeps again.
///   wait(word, epoch, at_most)
///                      Returns when it is woken, after `at_most`, for no reason, or at once where
///                      the word is no longer `epoch`.
class Waker;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/waker_posix.hpp>
#else
#include <tessera/host/waker_win32.hpp>
#endif
