// Floor 1, host: the members of waker.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#if defined(TESSERA_LINUX)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <tessera/host/descriptor.hpp>

namespace tessera::host {

class Waker {
 public:
  static Waker made(const std::string&) noexcept { return {}; }

  static constexpr std::size_t handles = 0;
  void give(std::vector<const Descriptor*>&) const noexcept {}
  static Waker taken(std::vector<Descriptor>&, std::size_t) noexcept { return {}; }

  void wake([[maybe_unused]] std::uint32_t* word, std::uint32_t, std::uint32_t) const noexcept {
#if defined(TESSERA_LINUX)
    ::syscall(SYS_futex, word, FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
#endif
  }
  void wait(std::uint32_t* word, std::uint32_t epoch,
            std::chrono::nanoseconds at_most) const noexcept {
#if defined(TESSERA_LINUX)
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const struct timespec timeout {
      static_cast<time_t>(seconds.count()), static_cast<long>((at_most - seconds).count())
    };
    ::syscall(SYS_futex, word, FUTEX_WAIT, epoch, &timeout, nullptr, 0);
#else
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (std::atomic_ref(*word).load() == epoch && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(at_most, std::chrono::microseconds(200)));
#endif
  }
};

}  // namespace tessera::host

#endif
