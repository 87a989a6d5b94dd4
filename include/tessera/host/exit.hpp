// Floor 1, host: how a process ends that works for a program as its copy, or as the program started
// again.
//
// By whatever way it ends, nothing is run that the program has registered for its own end, nothing
// that the program had buffered is printed again, and its input stays where it is.
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
// There in builds that measure coverage.
void __gcov_dump(void) __attribute__((weak));
// Has a function called at the end of this thread, or of the process where this thread calls
// exit().
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

/// For a process that another one has condemned: it is killed soon, or leaves after two seconds.
[[noreturn]] inline void wait_for_death() noexcept {
  std::this_thread::sleep_for(std::chrono::seconds(2));
  leave(EXIT_FAILURE);
}

/// In a forked child: what the parent had buffered for its output is the parent's to print, and
/// what it has read ahead of its standard input the parent's to read.
inline void drop_buffered_output() noexcept {
#if defined(TESSERA_LINUX)
  ::__fpurge(stdin);
  ::__fpurge(stdout);
  ::__fpurge(stderr);
#if defined(__GLIBC__)
  // A new stream knows the one before it, and that one all others.
  char nothing = 0;
  if (std::FILE* const newest = ::fmemopen(&nothing, 1, "r")) {
    for (auto* older = newest->_chain; older != nullptr; older = older->_chain)
      if (::__fwriting(older) != 0) ::__fpurge(older);
    std::fclose(newest);
  }
#endif
#endif
}

/// Prints what this process has buffered for its standard output, if anything. Costs next to
/// nothing where there is none.
inline void print_buffered_output() noexcept {
#if defined(TESSERA_LINUX)
  if (::__fpending(stdout) == 0) return;
#endif
  std::fflush(stdout);
}

/// The exit code of a process that exit() ended, where nobody tells what that was given.
#if defined(TESSERA_WIN32)
inline constexpr int ended_by_exit = 0x7e55e7;  // which words are told of
#else
inline constexpr int ended_by_exit = EXIT_FAILURE;
#endif

/// Ends this process with what it had buffered itself printed: what exit() is to do in a process
/// that works for a program, which drop_buffered_output() was called in.
[[noreturn]] inline void leave_with_output(int code) noexcept {
  std::fflush(nullptr);
  leave(code);
}

namespace detail {

/// True in a process that works for a program.
inline bool is_guest = false;

#if defined(__GLIBC__)
// Which gives handlers the status, behind an argument of their own; ThreadSanitizer does not.
inline void handle_exit(void*, int status) noexcept {
  if (is_guest) leave_with_output(sanitizer_threads == 0 ? status : ended_by_exit);
}
#else
inline void handle_exit() noexcept {
  if (is_guest) leave_with_output(ended_by_exit);
}
#endif

#if defined(__GLIBC__)

/// The destructors of this thread's thread_local objects, which exit() runs before all handlers.
/// The C library has them in a list, of whose head it says nothing.
class ThreadDestructors {
 public:
  /// Where the head may be: all that this thread has of its own. Asks the dynamic linker, which
  /// another thread may be in the middle of when a process is copied.
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

  /// In the same thread, or its copy: forgets those that are there. A destructor of our own is
  /// added, and the word that then leads to it is the head. Where none does that destructor stays:
  /// it is the first to run, though it does not know what exit() was given.
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
  static bool readable(std::uintptr_t address) noexcept {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    unsigned char there = 0;
    return address % alignof(Entry) == 0 && address % page <= page - sizeof(Entry) &&
           ::mincore(reinterpret_cast<void*>(address / page * page), 1, &there) == 0;
  }

  std::vector<Block> blocks_;
};

#else

struct ThreadDestructors {
  void drop() const noexcept {}
};

#endif

/// As the standard library's: the program may have put its own in its place.
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

/// Has exit(), quick_exit() and what else ends a process run nothing of the program's. Made in the
/// program that is copied then, or in the copy: not there if the program has other threads, which
/// may be in the middle of what this needs. Handlers that are registered later run first.
class GuestExit {
 public:
  GuestExit() {
    const auto handler = reinterpret_cast<void (*)()>(&detail::handle_exit);
    std::atexit(handler);
#if defined(TESSERA_POSIX)
    std::at_quick_exit(handler);
#endif
  }

  /// In the process that works for the program, and for those that it forks. On the thread that
  /// made this, or its copy.
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
