// Floor 1, host: the members of waker.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tessera/host/descriptor.hpp>

namespace tessera::host {

class Waker {
 public:
  static Waker made(const std::string&) noexcept { return {}; }

  static constexpr std::size_t handles = 0;
  void give(std::vector<const Descriptor*>&) const noexcept {}
  static Waker taken(std::vector<Descriptor>&, std::size_t) noexcept { return {}; }

  void wake(std::uint32_t* word, std::uint32_t, std::uint32_t) const noexcept {
    ::syscall(SYS_futex, word, FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
  }
  void wait(std::uint32_t* word, std::uint32_t epoch,
            std::chrono::nanoseconds at_most) const noexcept {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const struct timespec timeout {
      seconds.count(), (at_most - seconds).count()
    };
    ::syscall(SYS_futex, word, FUTEX_WAIT, epoch, &timeout, nullptr, 0);
  }
};

}  // namespace tessera::host

#endif
