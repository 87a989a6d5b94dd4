// Floor 1, host: a file that nobody finds before it is whole.
//
// It has no name (O_TMPFILE) until it is linked to its own, so a creator that dies leaves nothing.
// Where one of these two calls is refused (a file system that can't, a sandbox, no /proc) it has a
// scratch name meanwhile, is locked under it, and is removed by the next who makes a file so: see
// scratch.hpp. Either way its own name appears at once, with all of its bytes, locked if it is to
// be. On Windows a file on disk is made under a scratch name; named memory has its name at once,
// and its first eight bytes are written last: see section_win32.hpp.
#pragma once

#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

/// The same file, opened anew, to be mapped. A mapping keeps the open file that it was made from,
/// and that file's lock, in every forked child that inherits it: an owner maps through another one.
/// `name` is where the file may be found if the system can't open it by its descriptor. On Windows
/// the same file or section, by a handle of its own.
inline Descriptor reopen(const Descriptor& file, Access access, const std::string& subject,
                         const std::string& name = {});

/// A new, empty file that nobody can find, or use, yet. Dies with this object unless published.
/// Make and publish it in make_new(), which knows what to do where the system refuses calls.
///
///   Unpublished(path, mode, medium, subject)
///                   In the folder of `path`. Shared memory gets exactly `mode`; files on disk obey
///                   the umask.
///   reserve(bytes)  Reserves `bytes` for it. Throws Error(no_space). On Windows memory gets its
///   name
///                   here: throws Error(name_taken) too.
///   lock()          Takes its lock: before it has its name nobody contends for that.
///   unlock()        For a file that has its name and no owner. A mapping of it would keep a
///   scratch
///                   file's lock.
///   write(offset, bytes)
///   reopen(access)  Opened anew, to be mapped: see host::reopen().
///   publish(path)   Gives the file its name, all at once. False if the name is taken.
///   publish_over(path)
///                   The same over whatever file has the name now. For files on disk only.
///   take()          Hands the open file, and its lock if it was taken, to its owner.
class Unpublished;

/// Runs `make`, which makes a file and publishes it; and once more if it turns out meanwhile that
/// files without a name can't be used here.
template <class Make>
auto make_new(Make&& make);

/// Zeroed memory, reserved, as a file that never has a name. Throws Error(no_space, system).
inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/new_file_posix.hpp>
#else
#include <tessera/host/new_file_win32.hpp>
#endif
