// Floor 4, pool/caller: how long a job is expected to take: as long as the last one of its kind.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include <tessera/pool/board/crew.hpp>

namespace tessera::detail {

/// Jobs with equal keys are expected to take equally long.
struct JobKey {
  const void* serve = nullptr;
  std::size_t tiles = 0;
  friend bool operator==(const JobKey&, const JobKey&) = default;
};

class DurationHistory {
 public:
  using Duration = std::chrono::nanoseconds;
  static constexpr std::chrono::microseconds tiny{8};

  bool expects_tiny(const JobKey& key) noexcept { return of(key).took < tiny; }
  /// True if the job is expected to be short enough that the caller should yield its core to a
  /// worker rather than sleep.
  bool expects_short(const JobKey& key) noexcept {
    auto& entry = of(key);
    if (entry.pause > 0) --entry.pause;
    return entry.pause == 0 && entry.took < long_job;
  }
  /// A job took so long. Where its caller `tried` to yield its core, and that `failed` or took far
  /// longer than expected, somebody else had the core. Then the caller sleeps at once for a number
  /// of jobs that doubles each time.
  void learn(const JobKey& key, bool tried, bool failed, Duration took) noexcept {
    auto& entry = of(key);
    if (tried && (failed || took > 10 * long_job))
      entry.pause = entry.penalty = (std::min)(4096u, 2 * entry.penalty + 16);
    else if (tried)
      entry.penalty /= 2;
    entry.took = took;
  }

 private:
  struct Entry {
    JobKey key;
    Duration took = (Duration::max)();
    unsigned pause = 0, penalty = 0;  // jobs for which the caller sleeps at once
  };

  Entry& of(const JobKey& key) noexcept {
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.key == key; });
    if (known != entries_.end()) return *known;
    return entries_[next_++ % entries_.size()] = Entry{key, (Duration::max)(), 0, 0};
  }

  std::array<Entry, 8> entries_{};  // a loop has few kinds of jobs
  std::size_t next_ = 0;
};

}  // namespace tessera::detail
