// Floor 1, host: the members of folder_watch.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>

namespace tessera::host {

class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder)
      : events_(opened([] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); })) {
    // A new name, another file's name that became this one, and the end of a program's writing.
    constexpr auto what = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE;
    if (events_ && ::inotify_add_watch(events_.get(), folder.c_str(), what) < 0) events_.reset();
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
};

}  // namespace tessera::host

#endif
