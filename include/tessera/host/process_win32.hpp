// Floor 1, host: the members of process.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <process.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/host/exit.hpp>
#include <tessera/host/file.hpp>

namespace tessera::host {

template <class Body>
int fork_child(const std::string& subject, Body&&) {
  throw Error(Errc::invalid_argument, subject, "this system can't copy a process",
              "use StartMethod::spawn");
}

class ProcessHandle {
 public:
  ProcessHandle() = default;
  explicit ProcessHandle(int pid)
      : handle_(::OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION,
                              FALSE, static_cast<DWORD>(pid))) {
    if (!handle_) throw last_failure("process " + std::to_string(pid), "watching a process");
  }

  bool wait_ended(std::chrono::milliseconds at_most) const noexcept {
    return ::WaitForSingleObject(handle_.get(), static_cast<DWORD>(at_most.count())) ==
           WAIT_OBJECT_0;
  }
  void reap() const noexcept {}
  void kill() const noexcept { ::TerminateProcess(handle_.get(), killed); }

  const Descriptor& descriptor() const noexcept { return handle_; }

  /// Only here: a thread of this process that runs `body`. An exception ends the thread only.
  /// Throws Error(system).
  template <class Body>
  static ProcessHandle of_thread(const std::string& subject, Body&& body) {
    using Stored = std::decay_t<Body>;
    auto stored = std::make_unique<Stored>(std::forward<Body>(body));
    const auto run = [](void* given) -> unsigned {
      const std::unique_ptr<Stored> its(static_cast<Stored*>(given));
      try {
        (*its)();
      } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
      }
      return 0;
    };
    ProcessHandle out;
    out.handle_ = Descriptor(
        reinterpret_cast<HANDLE>(::_beginthreadex(nullptr, 0, run, stored.get(), 0, nullptr)));
    if (!out.handle_)
      throw system_failure(errno, subject, "starting a thread", "see the memory that is free");
    static_cast<void>(stored.release());  // the thread owns it
    return out;
  }

  /// Only here: exit code of killed processes.
  static constexpr UINT killed = 0xC000013A;  // STATUS_CONTROL_C_EXIT

 private:
  Descriptor handle_;
};

inline std::string describe_exit(int status) {
  const auto code = static_cast<std::uint32_t>(status);
  if (code == ProcessHandle::killed) return "was killed";
  if (status == ended_by_exit) return "ended by exit()";
  // Higher codes are unhandled exceptions.
  if (code < 0xC0000000u) return "ended with exit code " + std::to_string(status);
  const char* const what = [code] {
    switch (code) {
      case EXCEPTION_ACCESS_VIOLATION: return "access violation";
      case EXCEPTION_IN_PAGE_ERROR: return "a page that can't be read";
      case EXCEPTION_ILLEGAL_INSTRUCTION: return "illegal instruction";
      case EXCEPTION_INT_DIVIDE_BY_ZERO: return "division by zero";
      case EXCEPTION_STACK_OVERFLOW: return "stack overflow";
      default: return "exception";
    }
  }();
  std::array<char, 16> hex{};
  std::snprintf(hex.data(), hex.size(), "0x%08x", static_cast<unsigned>(code));
  return std::string("crashed: ") + what + " (" + hex.data() + ")";
}

inline int own_pid() noexcept { return static_cast<int>(::GetCurrentProcessId()); }
inline int parent_pid() noexcept { return 0; }

inline std::uint64_t start_time_of(int) noexcept { return 0; }

inline void detach(const char*, bool) noexcept {}

inline bool end_with_parent(int, const char*) noexcept { return false; }

inline std::optional<std::uint64_t> private_bytes(int) { return std::nullopt; }

}  // namespace tessera::host

#endif
