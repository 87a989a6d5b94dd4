// Floor 4, pool/caller: how long the next job is expected to take: as long as the last one.
#pragma once

#include <algorithm>
#include <chrono>

#include <tessera/pool/board/membership.hpp>

namespace tessera::detail {

/// Decides whether the caller yields its core to a worker or sleeps at once.
class DurationHistory {
 public:
  using Duration = std::chrono::nanoseconds;

  /// True if the next job is expected to be short enough that the caller should yield its core to a
  /// worker rather than sleep.
  bool expects_short() noexcept {
    if (pause_ > 0) --pause_;
    return pause_ == 0 && took_ < long_job;
  }
  /// A job took so long. Where its caller `tried` to yield its core, and that `failed` or took far
  /// longer than expected, somebody else had the core. Then the caller sleeps at once for a number
  /// of jobs that doubles each time.
  void learn(bool tried, bool failed, Duration took) noexcept {
    if (tried && (failed || took > 10 * long_job))
      pause_ = penalty_ = (std::min)(4096u, 2 * penalty_ + 16);
    else if (tried)
      penalty_ /= 2;
    took_ = took;
  }

 private:
  Duration took_ = (Duration::max)();  // nothing is known yet
  unsigned pause_ = 0;                 // jobs for which the caller still sleeps at once
  unsigned penalty_ = 0;               // how many the last failure cost
};

}  // namespace tessera::detail
