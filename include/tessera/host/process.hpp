// Floor 1, host: start, watch and end a process.
//
// A process is watched by pidfd, which stays true when its number is used again and when somebody
// else waits for it; where the system refuses those, by number and begin. Children leave by
// leave(). No process can be copied on Windows: what a copy begins with is nothing there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/exit.hpp>
#include <tessera/host/signals.hpp>

namespace tessera::host {

/// True where a process can be copied.
#if defined(TESSERA_POSIX)
inline constexpr bool can_fork = true;
#else
inline constexpr bool can_fork = false;
#endif

/// How a child ended: `status` is a wait status, on Windows an exit code.
struct ChildEnd {
  int pid;
  int status;
};

/// Forks a child that runs `body` and leaves with what it returns; gives its number. Throws
/// Error(system), on Windows Error(invalid_argument).
template <class Body>
int fork_child(const std::string& subject, Body&& body);

/// A handle on a process, its own or another; on Windows also on a thread that is watched like one.
///
/// Where the system refuses pidfds (filters of older container runtimes, valgrind) it goes by the
/// number and by when the process began, and looks every few milliseconds.
///
///   ProcessHandle(pid)   `pid` must be known to live, or to be unreaped, now. Throws
///   Error(system). wait_ended(at_most)  Waits up to `at_most` for its end; true if it has ended.
///   reap()               Takes the end of a child from the system, if it has ended and nobody else
///                        has taken it. Nothing where it is no child of this process.
///   kill()               Ends it at once. Not a thread, which could not be ended safely.
///   descriptor()         To poll; none where it has to be asked again and again.
class ProcessHandle;

/// What the status of a ChildEnd says, in words: "was killed by signal 9 (Killed)", "crashed:
/// access violation (0xc0000005)".
inline std::string end_in_words(int status);

inline int own_pid() noexcept;
/// 0 on Windows, where the job object sees to it that a process ends with its parent.
inline int parent_pid() noexcept;

/// When a process began, which no other of its number did; 0 if there is none, or on Windows.
inline std::uint64_t begin_of(int pid) noexcept;

/// Leaves the caller's process group, and with it the signals that its terminal sends; its session
/// too, unless this process and its children are to `make_way` for the caller: Linux shares cores
/// out among sessions first (autogroups), and a thread that yields its core to another session
/// keeps it. `name` is what ps shows.
inline void detach(const char* name, bool make_way) noexcept;

/// The kernel ends this process when its parent ends. False if that has happened already. For a
/// single-threaded parent: the signal comes when the thread that forked ends.
inline bool end_with_parent(int parent, const char* name) noexcept;

/// Bytes that only this process uses (Private_Clean + Private_Dirty of Linux's smaps_rollup),
/// shared memory not counted; nothing where that can't be read.
inline std::optional<std::uint64_t> private_bytes(int pid);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/process_posix.hpp>
#else
#include <tessera/host/process_win32.hpp>
#endif
