// Floor 1, host: child processes that the program's own wait() and SIGCHLD handler do not see.
//
// wait() without __WALL ignores a child that sends no signal at its end. fork() can't make one, so
// if this is the only thread, the underlying system call (clone) does. A started program becomes an
// ordinary child, and so does a copy made by fork(). So a helper starts those: it sends no signal,
// shares this process's memory and ends at once, and the new process is no child of this one. If
// this process adopts orphans (a subreaper, a container's first process), its wait() sees them.
// With a sanitizer, which must know every stack, the helper is an ordinary child, and wait() sees
// it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/signals.hpp>
#include <tessera/host/thread.hpp>

#if defined(TESSERA_LINUX)
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

namespace detail {

/// What a helper reports about the process that it has started.
struct HelperResult {
  int pid = 0, failure = 0;
};

/// Runs `start`, which returns a HelperResult, in a process that ends at once.
template <class Start>
HelperResult by_helper(const std::string& subject, Start&& start) {
#if defined(TESSERA_LINUX)
  int ends[2] = {no_file, no_file};
  {
    const StreamNumbers taken;
    if (::pipe2(ends, O_CLOEXEC) != 0) throw last_failure(subject, "making a pipe");
  }
  const Descriptor from(ends[0]), to(ends[1]);
  struct Work {
    Start& start;
    int to;
  } work{start, to.get()};
  const auto help = [](void* given) -> int {
    auto& its = *static_cast<Work*>(given);
    const HelperResult told = its.start();
    ::_exit(::write(its.to, &told, sizeof told) == sizeof told ? 0 : 1);
  };
  // The report goes through a pipe, not through memory: an emulator may give the helper a copy of
  // the memory, and a sanitizer requires one.
  constexpr std::size_t stack_size = std::size_t{256} << 10;
  const std::unique_ptr<std::byte[]> stack(new std::byte[stack_size]);
  pid_t helper = -1;
  if constexpr (!sanitizer_watches_stacks)
    helper = ::clone(help, stack.get() + stack_size, CLONE_VM | CLONE_VFORK, &work);
  if (helper < 0) {
    helper = ::fork();
    if (helper == 0) help(&work);
  }
  if (helper < 0)
    throw last_failure(subject, "starting a process", "see ulimit -u and the memory that is free");
  retry([&] { return ::waitpid(helper, nullptr, __WALL); });
  HelperResult told;
  ::fcntl(from.get(), F_SETFL, O_NONBLOCK);
  if (::read(from.get(), &told, sizeof told) != sizeof told)
    throw Error(Errc::system, subject, "the process that starts another one was ended");
  return told;
#else
  static_cast<void>(subject);
  return start();
#endif
}

#if defined(TESSERA_LINUX)
/// As fork(), for a process with one thread. Only this library's fork handler runs, and the child
/// sends no signal at its end.
inline pid_t fork_without_signal() noexcept {
  // The C library stores the thread's id here. The kernel must write the child's id to it, and
  // clear it when the thread ends.
  int* number = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &number) != 0 || number == nullptr ||
      *number != static_cast<int>(::syscall(SYS_gettid)))
    number = nullptr;
  const unsigned long flags = number != nullptr ? CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID : 0;
  // The order of the arguments depends on the processor.
#if defined(__x86_64__)
  const auto pid = ::syscall(SYS_clone, flags, nullptr, nullptr, number, 0ul);
#elif defined(__aarch64__) || defined(__arm__) || defined(__i386__) || defined(__riscv)
  const auto pid = ::syscall(SYS_clone, flags, nullptr, nullptr, 0ul, number);
#else
  const long pid = -1;
  static_cast<void>(flags);
#endif
  if (pid == 0) Owners::instance().after_fork();
  return static_cast<pid_t>(pid);
}
#endif

}  // namespace detail

/// Forks a process that runs `body` and ends with the code that it returns. It begins with signals
/// blocked. `threads`: how many this process has. Throws Error(system).
template <class Body>
int fork_detached(const std::string& subject, int threads, Body&& body) {
  const SignalsBlocked blocked;
#if defined(TESSERA_LINUX)
  if (threads == 1) {
    const auto pid = detail::fork_without_signal();
    if (pid == 0) detail::run_and_leave(body);
    if (pid > 0) return pid;
  }
#endif
  const auto told = detail::by_helper(subject, [&]() -> detail::HelperResult {
    const auto pid = ::fork();
    if (pid == 0) detail::run_and_leave(body);
    return {pid, pid < 0 ? errno : 0};
  });
  if (told.pid < 0)
    throw system_failure(told.failure, subject, "starting a process",
                         "see ulimit -u and the memory that is free");
  return told.pid;
}

#else

/// Throws Error(invalid_argument): this system has no fork.
template <class Body>
int fork_detached(const std::string& subject, int, const Body& body) {
  return fork_child(subject, body);
}

#endif

}  // namespace tessera::host
