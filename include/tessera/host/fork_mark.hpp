// Floor 1, host: which of a process and its copies one is, asked at the price of a load.
//
// A copy is not told of by the process number, which costs a system call, nor by handlers of
// fork(), which a copy made by another call does not run: the kernel clears a page in every copy.
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

/// Knows the process that made it. Where the system can't clear pages (Linux before 4.14) it takes
/// every copy for that process.
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

  /// True in a process that was copied from the one that made this.
  bool copied() const noexcept { return original_ != nullptr && *original_ == 0; }

 private:
  volatile std::uint32_t* original_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace tessera::host
