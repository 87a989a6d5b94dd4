// Floor 1, host: creates a file that no process can find before it is complete.
//
// The file has no name (O_TMPFILE) until it is linked to its own. So if its creator dies, nothing
// is left. Some systems refuse one of these calls: some file systems, a sandbox, no /proc. Then the
// file has a scratch name at first, and is locked under it. If its creator dies, the next process
// that creates a file in this way removes it: scratch.hpp. In both cases the file's own name
// appears at once, with all bytes, and locked if it is to have an owner. On Windows a file on disk
// gets a scratch name. Named memory has its name at once, and its first eight bytes are written
// last: section_win32.hpp.
#pragma once

#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

/// Opens the same file again, for a mapping. A mapping keeps the open file from which it was made,
/// and that file's lock, in every forked child. So an owner maps through a second open file.
/// `name`: where the file is, if the system can't reopen it by its descriptor. On Windows the same
/// file or section with a handle of its own.
inline Descriptor reopen(const Descriptor& file, Access access, const std::string& subject,
                         const std::string& name = {});

/// A new, empty file that no other process can find or use yet. The destructor deletes it unless it
/// was published. Create and publish it in make_new(), which handles systems that refuse some
/// calls.
///
///   StagedFile(path, mode, medium, subject)
///                      Creates it in the folder of `path`. Shared memory gets exactly `mode`; for
///                      a file on disk the umask applies.
///   reserve(bytes)     Reserves `bytes`. Throws Error(no_space). On Windows memory gets its name
///                      here: throws Error(name_taken) too.
///   lock()             Takes the file's lock. It has no name yet, so no other process can hold it.
///   unlock()           For a file with a name and no owner: otherwise a mapping of it would keep
///                      the scratch file's lock.
///   write(offset, bytes)
///   reopen(access)     Opens it again, for a mapping: see host::reopen().
///   publish(path)      Gives the complete file its name. False if the name is taken.
///   publish_over(path) As publish(), but replaces a file of that name. Only for files on disk.
///   take()             Hands the open file, with its lock if taken, to the owner.
class StagedFile;

/// Calls `make`, which creates and publishes a file. Calls it again if it turned out that files
/// without a name can't be used on this system.
template <class Make>
auto make_new(Make&& make);

/// Zeroed, reserved memory as a file that never gets a name. Throws Error(no_space, system).
inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/new_file_posix.hpp>
#else
#include <tessera/host/new_file_win32.hpp>
#endif
