// Floor 1, host: a channel, on which a keeper gets its caller's word.
//
// Two connected sockets. On Windows, where the keeper is a thread of its caller, a queue of this
// process.
#pragma once

#include <tessera/base/config.hpp>

namespace tessera::host {

/// One end of a channel: what one end sends the other receives.
///
///   send(byte)     Sends one byte; no signal where nobody listens. Waits where the channel is
///   full. receive()      The byte that arrived, or nothing where the other end has closed. Waits
///   for it. closed()       True once the other end has closed, and what it had sent is received.
///   close()        The other end receives what was sent before, and then nothing.
///   descriptor()   To poll: ready while there is something to receive, or an end.
class Channel;

/// Both ends, `ours` and `theirs`. On Windows bytes travel from ours to theirs only. Its
/// constructor throws Error(system) about `subject`.
struct ChannelPair;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/channel_posix.hpp>
#else
#include <tessera/host/channel_win32.hpp>
#endif
