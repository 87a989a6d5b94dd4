// A process stopped, or killed, before each of its system calls in turn. Between two calls nothing
// changes that outlives a process but elements, so these are all the moments there are.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "support/scene.hpp"

namespace tessera_test {

inline std::string name_of(long call) {
  switch (call) {
    case SYS_openat: return "openat";
    case SYS_close: return "close";
    case SYS_linkat: return "linkat";
    case SYS_flock: return "flock";
    case SYS_ftruncate: return "ftruncate";
    case SYS_fsync: return "fsync";
    case SYS_renameat2: return "renameat2";
#if defined(SYS_rename)
    case SYS_rename: return "rename";
#endif
    case SYS_renameat: return "renameat";
    case SYS_fallocate: return "fallocate";
    case SYS_fchmod: return "fchmod";
    case SYS_pwrite64: return "pwrite";
    case SYS_pread64: return "pread";
    case SYS_getdents64: return "getdents";
    case SYS_newfstatat: return "fstatat";
    case SYS_mmap: return "mmap";
    case SYS_getrandom: return "getrandom";
#if defined(SYS_unlink)
    case SYS_unlink: return "unlink";
#endif
    case SYS_unlinkat: return "unlinkat";
    default: return "call " + std::to_string(call);
  }
}

/// Whether a call is about memory that is the process's own. How often an allocator makes them
/// differs from trial to trial, so that counting them would leave other calls out.
template <class Arguments>
bool is_for_own_memory(const Arguments& arguments, long call) {
  return call == SYS_brk || call == SYS_madvise || call == SYS_munmap ||
         (call == SYS_mmap && (arguments[3] & MAP_ANONYMOUS) != 0);
}

/// Lets a process make so many system calls, stops it before the next, or before its end, and calls
/// act(process). The name of that call; empty if it made no further one.
template <class Work, class Act>
std::string stopped_after(std::size_t calls, Work&& work, Act&& act) {
  Child child([&] {
    must(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0, "a child can be traced");
    ::raise(SIGSTOP);
    work();
  });
  const auto stopped = [&] {
    int status = 0;
    must(::waitpid(child.pid(), &status, 0) == child.pid(), "a child can be waited for");
    return WIFSTOPPED(status);
  };
  must(stopped() && ::ptrace(PTRACE_SETOPTIONS, child.pid(), nullptr, PTRACE_O_TRACESYSGOOD) == 0,
       "a child can be traced");
  for (std::size_t begun = 0;;) {
    must(::ptrace(PTRACE_SYSCALL, child.pid(), nullptr, nullptr) == 0, "a child can go on");
    must(stopped(), "a child has not ended by itself");
    __ptrace_syscall_info info{};
    must(::ptrace(PTRACE_GET_SYSCALL_INFO, child.pid(), sizeof info, &info) > 0, "a call is known");
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) continue;
    const auto call = static_cast<long>(info.entry.nr);
    if (is_for_own_memory(info.entry.args, call)) continue;
    if (call != SYS_exit_group && begun++ < calls) continue;
    act(child);
    return call == SYS_exit_group ? "" : name_of(call);
  }
}

/// The same, and kills it there.
template <class Work>
std::string killed_after(std::size_t calls, Work&& work) {
  return stopped_after(calls, work, [](Child& child) {
    child.kill(SIGKILL);
    must(child.failure() == "killed by signal 9", "a child is killed");
  });
}

/// Runs a trial for each system call of `work`: `prepare`, the kill, then `look`, which says what
/// there is. Prints the list, and returns how many trials that were.
template <class Work>
std::size_t kill_before_each_call(const char* title, const std::function<void()>& prepare,
                                  Work&& work, const std::function<std::string()>& look) {
  std::printf("%s\n", title);
  for (std::size_t calls = 0;; ++calls) {
    prepare();
    const auto call = killed_after(calls, work);
    try {
      const auto found = look();
      std::printf("  %3zu %-10s %s\n", calls, call.empty() ? "(end)" : call.c_str(), found.c_str());
    } catch (const std::exception& error) {
      must(false, std::string(title) + ", killed before call " + std::to_string(calls) + ", " +
                      call + ": " + error.what());
    }
    if (call.empty()) return calls;
  }
}

}  // namespace tessera_test
