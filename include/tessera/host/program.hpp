// Floor 1, host: this program, started again.
//
// A new process image, not a copy of this process: its other threads, its memory and what they were
// in the middle of do not matter, and neither does how large it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/inherited.hpp>

namespace tessera::host {

/// True where this process has rights that whoever started it may lack: a program with the set-user
/// or set-group bit or capabilities of its file, or one that has changed its effective user alone,
/// whose next program is like that. False on Windows: a new process has the token of whoever
/// started it, and one that was raised by consent or by a service inherits no handle of who asked
/// for it.
inline bool has_gained_rights() noexcept;

/// Starts the program that runs here once more, from its own file even if its name leads elsewhere
/// by now, with these arguments (words without blanks or quotes), a word for take_given() and
/// `variable` (as in "NAME=value") in its environment besides what is there. It is no child of this
/// process. It has this process's folders and standard streams, signals as a new program has them,
/// and of all descriptors the `given` alone (glibc before 2.34 can't close those that are not
/// marked close-on-exec). On Windows it is in a group of its own for Ctrl-C. Throws
/// Error(not_permitted) where it would have gained rights, Error(system).
inline Started start_again(const std::string& subject, std::vector<std::string> arguments,
                           const std::string& variable, const Given& given);

/// Takes, by the word that it was started with, `count` files that start_again() gave this program;
/// none if it gave others or none at all.
inline std::vector<Descriptor> take_given(std::string_view word, std::size_t count);

/// What this process starts does not see `variable`.
inline void forget_variable(const char* variable) noexcept;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/program_posix.hpp>
#else
#include <tessera/host/program_win32.hpp>
#endif
