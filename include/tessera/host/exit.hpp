// Floor 1, host: the end of a process that is a fork of the user's program, or the program started
// again.
//
// However it ends, no exit handler of the program runs, no output that the program had buffered is
// printed twice, and the read position of its input does not move.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/thread.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <link.h>
#include <stdio_ext.h>
#include <sys/mman.h>

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the compiler's and the C library's.
extern "C" {
// Exists only in builds that measure coverage.
void __gcov_dump(void) __attribute__((weak));
// Registers a function that runs when this thread ends or calls exit().
int __cxa_thread_atexit_impl(void (*)(void*), void*, void*) __attribute__((weak));
}
// NOLINTEND(bugprone-reserved-identifier)
#endif

namespace tessera::host {

/// Ends this process at once, without destructors, handlers and buffers.
[[noreturn]] inline void leave(int code) noexcept {
#if defined(TESSERA_LINUX)
  if (__gcov_dump != nullptr) __gcov_dump();
#endif
#if defined(TESSERA_WIN32)
  // ExitProcess would call what libraries and threads have registered.
  ::TerminateProcess(::GetCurrentProcess(), static_cast<UINT>(code));
#endif
  ::_exit(code);
}

/// For a process that is about to be killed: waits for that, and ends itself after two seconds.
[[noreturn]] inline void wait_for_death() noexcept {
  std::this_thread::sleep_for(std::chrono::seconds(2));
  leave(EXIT_FAILURE);
}

/// In a forked child: drops output that the parent had buffered, since the parent prints it, and
/// input that the parent had read ahead.
inline void drop_buffered_output() noexcept {
#if defined(TESSERA_LINUX)
  ::__fpurge(stdin);
  ::__fpurge(stdout);
  ::__fpurge(stderr);
#if defined(__GLIBC__)
  // A new stream points to the previous one, and so to all others.
  char nothing = 0;
  if (std::FILE* const newest = ::fmemopen(&nothing, 1, "r")) {
    for (auto* older = newest->_chain; older != nullptr; older = older->_chain)
      if (::__fwriting(older) != 0) ::__fpurge(older);
    std::fclose(newest);
  }
#endif
#endif
}

/// Prints what this process has buffered for its standard output. Almost free if that is nothing.
inline void print_buffered_output() noexcept {
#if defined(TESSERA_LINUX)
  if (::__fpending(stdout) == 0) return;
#endif
  std::fflush(stdout);
}

/// The exit code of a process that called exit(), if the code that exit() got is unknown.
#if defined(TESSERA_WIN32)
inline constexpr int ended_by_exit = 0x7e55e7;  // describe_exit() knows it
#else
inline constexpr int ended_by_exit = EXIT_FAILURE;
#endif

/// Prints this process's own buffered output and ends the process. Replaces exit() in a process
/// that has called drop_buffered_output().
[[noreturn]] inline void leave_with_output(int code) noexcept {
  std::fflush(nullptr);
  leave(code);
}

namespace detail {

/// True in a worker or keeper process.
inline bool is_guest = false;

#if defined(__GLIBC__)
// The C library passes the status and a second argument; ThreadSanitizer does not pass the status.
inline void handle_exit(void*, int status) noexcept {
  if (is_guest) leave_with_output(sanitizer_threads == 0 ? status : ended_by_exit);
}
#else
inline void handle_exit() noexcept {
  if (is_guest) leave_with_output(ended_by_exit);
}
#endif

#if defined(__GLIBC__)

/// The destructors of this thread's thread_local objects. exit() runs them before all handlers. The
/// C library keeps them in a list whose head it does not publish.
class ThreadDestructors {
 public:
  /// Finds the memory in which the head may be: all thread-local data of this thread. It calls the
  /// dynamic linker, whose lock another thread may hold when a process is forked.
  ThreadDestructors() {
    ::dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* given) {
          for (int i = 0; i < module->dlpi_phnum; ++i)
            if (const auto& part = module->dlpi_phdr[i]; part.p_type == PT_TLS &&
                                                         module->dlpi_tls_data != nullptr &&
                                                         part.p_memsz <= largest)
              static_cast<ThreadDestructors*>(given)->blocks_.push_back(
                  {static_cast<std::uintptr_t*>(module->dlpi_tls_data),
                   part.p_memsz / sizeof(std::uintptr_t),
                   {}});
          return 0;
        },
        this);
  }

  /// Forgets the destructors that are registered now, in the same thread or its fork. To find the
  /// head, a destructor of our own is added: the word that then leads to it is the head. If none
  /// does, our destructor stays and runs first, but does not know the status that exit() got.
  void drop() {
    if (__cxa_thread_atexit_impl == nullptr) return;
    for (auto& block : blocks_) block.before.assign(block.words, block.words + block.count);
    static char ours;
    const auto end_first = [](void*) { leave_with_output(ended_by_exit); };
    if (__cxa_thread_atexit_impl(end_first, &ours, &is_guest) != 0) return;
    for (auto& block : blocks_)
      for (std::size_t i = 0; i < block.count; ++i) {
        if (block.words[i] == block.before[i] || !readable(block.words[i])) continue;
        const auto* const entry = reinterpret_cast<const Entry*>(block.words[i]);
        if (entry->object != &ours || entry->next != block.before[i]) continue;
        block.words[i] = 0;
        return;
      }
  }

 private:
  static constexpr std::size_t largest = 65536;
  struct Block {
    std::uintptr_t* words;
    std::size_t count;
    std::vector<std::uintptr_t> before;
  };
  struct Entry {
    std::uintptr_t function;
    const void* object;
    std::uintptr_t module, next;
  };
  /// True if an entry may be read there; it may lie on two pages.
  static bool readable(std::uintptr_t address) noexcept {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto first = address / page * page;
    const auto end = address + sizeof(Entry);
    unsigned char there[2] = {};
    return address % alignof(Entry) == 0 && end > address &&
           ::mincore(reinterpret_cast<void*>(first), end - first, there) == 0;
  }

  std::vector<Block> blocks_;
};

#else

struct ThreadDestructors {
  void drop() const noexcept {}
};

#endif

/// As the standard library's terminate handler; the program may have installed its own.
[[noreturn]] inline void terminate() noexcept {
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
    std::fputs("terminated\n", stderr);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "terminated by an exception: %s\n", failure.what());
  } catch (...) {
    std::fputs("terminated by an exception\n", stderr);
  }
  std::abort();
}

}  // namespace detail

/// Makes exit(), quick_exit() and other ends of a process run nothing of the program. Construct it
/// in the program before the fork, or in the child if the program has no other threads: these may
/// hold locks that it needs. Handlers that are registered later run first.
class GuestExit {
 public:
  GuestExit() {
    const auto handler = reinterpret_cast<void (*)()>(&detail::handle_exit);
    std::atexit(handler);
#if defined(TESSERA_POSIX)
    std::at_quick_exit(handler);
#endif
  }

  /// Call it in the child, on the thread that constructed this object or its fork. It is valid for
  /// processes that the child forks, too.
  void begin() {
    detail::is_guest = true;
    thread_destructors_.drop();
    std::set_terminate(&detail::terminate);
    drop_buffered_output();
  }

 private:
  detail::ThreadDestructors thread_destructors_;
};

}  // namespace tessera::host
