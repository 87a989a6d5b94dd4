// Floor 1, host: a channel that carries the caller's messages to its keeper, one byte each.
//
// Two connected sockets. On Windows, where the keeper is a thread of the caller, a queue in memory.
#pragma once

#include <tessera/base/config.hpp>

namespace tessera::host {

/// One end of a channel. What one end sends, the other receives.
///
///   send(byte)    Sends one byte; waits while the channel is full. No signal if the other end is
///                 closed.
///   receive()     Waits for a byte. Nothing once the other end has closed.
///   closed()      True once the other end has closed and all that it sent was received.
///   close()       The other end receives what was sent before, and then nothing.
///   descriptor()  For poll: ready if there is a byte to receive, or the other end has closed.
class Channel;

/// Both ends, `ours` and `theirs`. On Windows bytes travel only from `ours` to `theirs`. The
/// constructor throws Error(system), which names `subject`.
struct ChannelPair;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/channel_posix.hpp>
#else
#include <tessera/host/channel_win32.hpp>
#endif
