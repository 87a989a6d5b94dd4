// Floor 1, host: starts this program again.
//
// The new process is not a fork. So other threads of this process do not matter, nor does its
// memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/inherited.hpp>

namespace tessera::host {

/// True if this process has rights that its starter may lack: a program with the set-user or
/// set-group bit or with capabilities of its file, or a process that has changed only its effective
/// user. On Windows false: a new process has its starter's token. One that was elevated by consent
/// or by a service inherits no handle of the process that requested it.
inline bool has_gained_rights() noexcept;

/// Starts this program again from its own file, even if the file's name leads elsewhere now.
/// `arguments` are words without blanks or quotes; a word for take_inherited() follows them.
/// `variable`
/// ("NAME=value") is added to the environment. The new process is not a child of this process. It
/// has this process's folder and standard streams, and default signal handling. Of all descriptors
/// it gets only `handles` (glibc before 2.34 can't close those without close-on-exec). On Windows
/// it has its own Ctrl-C group. Throws Error: not_permitted if it would gain rights, system.
inline Respawned respawn(const std::string& subject, std::vector<std::string> arguments,
                         const std::string& variable, const InheritedHandles& handles);

/// In the started program: takes the `count` files that respawn() gave it. `word` is its last
/// argument. Empty if another number of files was given.
inline std::vector<Descriptor> take_inherited(std::string_view word, std::size_t count);

/// Removes `variable` from the environment of processes that this one starts.
inline void forget_variable(const char* variable) noexcept;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/respawn_posix.hpp>
#else
#include <tessera/host/respawn_win32.hpp>
#endif
