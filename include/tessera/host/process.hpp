// Floor 1, host: start, watch and end a process.
//
// A process is watched by a pidfd. It stays right when the process id is used again, and when other
// code waits for the process. If the system refuses pidfds, process id and start time are used.
// Children end by leave(). Windows has no fork: the functions for a forked child do nothing there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/capabilities.hpp>
#include <tessera/host/exit.hpp>
#include <tessera/host/signals.hpp>

namespace tessera::host {

/// The end of a child. `status` is a wait status; on Windows an exit code.
struct ChildEnd {
  int pid;
  int status;
};

/// Forks a child, which runs `body` and ends with the code that it returns. Returns the child's
/// process id. Throws Error(system); on Windows always Error(invalid_argument).
template <class Body>
int fork_child(const std::string& subject, Body&& body);

/// A handle of a process, own or other. On Windows also of a thread.
///
/// If the system refuses pidfds (filters of older container runtimes, valgrind), it uses the
/// process id and the start time, and polls every few milliseconds.
///
///   ProcessHandle(pid)    `pid` must be known to live, or to be unreaped. Throws Error(system).
///   wait_ended(at_most)   Waits up to `at_most` for its end. True if it has ended.
///   reap()                Reaps a child that has ended, if it was not reaped yet. Does nothing if
///                         the process is not a child.
///   kill()                Ends the process at once. Does nothing for a thread: that is not
///                         safe.
///   descriptor()          For poll; none if the process must be polled with wait_ended().
class ProcessHandle;

/// The status of a ChildEnd as text: "was killed by signal 9 (Killed)", "crashed: access violation
/// (0xc0000005)".
inline std::string describe_exit(int status);

inline int own_pid() noexcept;
/// 0 on Windows, where a job object ends this process with its parent.
inline int parent_pid() noexcept;

/// The start time of a process: no two processes with the same id have the same one. 0 if there is
/// no such process, and on Windows.
inline std::uint64_t start_time_of(int pid) noexcept;

/// Leaves the caller's process group, so that the terminal's signals do not arrive. Leaves its
/// session too, unless this process and its children must give their cores to the caller
/// (`make_way`): Linux first divides cores among sessions (autogroups), and a thread that yields to
/// another session keeps its core. `name` is the name in ps.
inline void detach(const char* name, bool make_way) noexcept;

/// Makes the kernel kill this process when its parent ends. False if the parent has ended already.
/// The parent must have one thread: the signal comes when the thread that forked ends.
inline bool end_with_parent(int parent, const char* name) noexcept;

/// Bytes that only this process uses, without shared memory: Private_Clean + Private_Dirty of
/// Linux's smaps_rollup. Nothing if it can't be read.
inline std::optional<std::uint64_t> private_bytes(int pid);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/process_posix.hpp>
#else
#include <tessera/host/process_win32.hpp>
#endif
