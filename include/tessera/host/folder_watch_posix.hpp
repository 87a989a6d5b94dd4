// Floor 1, host: the members of folder_watch.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/owner_lock.hpp>

namespace tessera::host {

namespace detail {

/// A descriptor of inotify that nobody uses, kept for the next watch: to close one takes up to 20
/// milliseconds, in which the kernel waits for its readers. A forked child does not use its
/// parent's, which would take the events from it.
class SpareEvents {
 public:
  static Descriptor take() {
    const auto word = spare().exchange(0);
    if (word == 0 || word >> 32 != generation())
      return opened([] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); });
    return Descriptor(static_cast<int>((word & 0xffffffff) - 1));
  }
  /// The descriptor watches nothing any more, and has no events.
  static void put(Descriptor events) {
    if (!events) return;
    std::uint64_t none = 0;
    const auto word = generation() << 32 | (static_cast<std::uint64_t>(events.get()) + 1);
    if (spare().compare_exchange_strong(none, word)) events.release();
  }

 private:
  static std::uint64_t generation() { return fork_generation() & 0xffffffff; }
  // Fork's generation and the descriptor's number plus one; 0: there is none.
  static std::atomic<std::uint64_t>& spare() {
    static std::atomic<std::uint64_t> word{0};
    return word;
  }
};

}  // namespace detail

class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder) : events_(detail::SpareEvents::take()) {
    // A new name, another file's name that became this one, and the end of a program's writing.
    constexpr auto what = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE;
    if (events_) watch_ = ::inotify_add_watch(events_.get(), folder.c_str(), what);
    if (watch_ < 0) detail::SpareEvents::put(std::move(events_));
  }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch() {
    if (!events_ || ::inotify_rm_watch(events_.get(), watch_) != 0) return;
    char buffer[4096];
    while (::read(events_.get(), buffer, sizeof buffer) > 0) {
    }
    detail::SpareEvents::put(std::move(events_));
  }

  bool watches() const noexcept { return static_cast<bool>(events_); }

  void wait(std::string_view name, std::chrono::nanoseconds at_most) noexcept {
    using Clock = std::chrono::steady_clock;
    if (!watches()) return std::this_thread::sleep_for(at_most);
    const auto end = Clock::now() + at_most;
    for (auto left = at_most; left.count() > 0; left = end - Clock::now()) {
      const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left);
      if (readable(events_, milliseconds) && has_come(name)) return;
    }
  }

 private:
  /// Takes all events that are there. True if one is of that name, or if some were lost.
  bool has_come(std::string_view name) noexcept {
    bool found = false;
    alignas(inotify_event) char buffer[4096];
    for (;;) {
      const auto bytes = ::read(events_.get(), buffer, sizeof buffer);
      if (bytes <= 0) return found;
      for (std::ptrdiff_t at = 0; at < bytes;) {
        inotify_event event;
        std::memcpy(&event, buffer + at, sizeof event);
        found |= (event.mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0 ||
                 (event.len > 0 && name == buffer + at + sizeof event);
        // The folder is gone: there is nothing more to see, and the descriptor stays readable.
        if ((event.mask & IN_IGNORED) != 0) return events_.reset(), true;
        at += static_cast<std::ptrdiff_t>(sizeof event + event.len);
      }
    }
  }

  Descriptor events_;
  int watch_ = -1;
};

}  // namespace tessera::host

#endif
