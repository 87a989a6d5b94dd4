// Floor 1, host: detects, at the price of a load, that this process is a fork of another.
//
// The process id would cost a system call, and fork handlers do not run if another call makes the
// fork. So the kernel clears a page in every fork.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/mapping.hpp>

#if defined(TESSERA_LINUX)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// Remembers the process that constructed it. If the system can't clear pages (Linux before 4.14),
/// a fork is not detected.
class ForkMark {
 public:
  /// Throws Error(no_space).
  explicit ForkMark(const std::string& subject) {
#if defined(TESSERA_LINUX)
    const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const page =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw last_failure(subject, "making a page", "memory is short");
    ::madvise(page, bytes, MADV_WIPEONFORK);
    original_ = static_cast<volatile std::uint32_t*>(page);
    *original_ = 1;
    bytes_ = bytes;
#else
    static_cast<void>(subject);
#endif
  }
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;
  ~ForkMark() {
#if defined(TESSERA_LINUX)
    ::munmap(const_cast<std::uint32_t*>(original_), bytes_);
#endif
  }

  /// True in a fork of the process that constructed this object.
  bool copied() const noexcept { return original_ != nullptr && *original_ == 0; }

 private:
  volatile std::uint32_t* original_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace tessera::host
