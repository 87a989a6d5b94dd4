// Floor 4, pool/worker: a worker's core, to which it is pinned as long as nobody else uses it.
//
// A pinned worker keeps its caches and finds the caller at once. But if somebody else uses its
// core, it waits while other cores are idle, and the whole job waits with it. So a worker compares
// how long its work took with how long it had a core. If much is missing, it is unpinned for a
// while and then pinned again: after 25 ms the first time, after twice as long each time that the
// core is still taken.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <tessera/host/cpus.hpp>

namespace tessera::detail {

class Affinity {
 public:
  using Clock = std::chrono::steady_clock;
  using CpuTime = std::chrono::nanoseconds (*)();

  /// Nobody is pinned.
  Affinity() = default;
  /// Pins this process to `cores[own]`. While it is unpinned it may run on all of them. `cpu_time`
  /// gives how long it has had a core.
  Affinity(std::vector<int> cores, std::size_t own, CpuTime cpu_time = &host::cpu_time)
      : cores_(std::move(cores)), own_(cores_[own]), cpu_time_(cpu_time) {
    pin();
    if constexpr (host::pinning_is_strict) return;
    cores_.clear();  // the system moves it where it should
    pinned_ = false;
  }

  bool pinned() const noexcept { return pinned_; }

  /// This process has worked from `begin` to `end`. True if it was pinned or unpinned just now.
  bool worked(Clock::time_point begin, Clock::time_point end) {
    if (cores_.empty()) return false;
    busy_ += end - begin;
    if (pinned_ ? busy_ < window : end < unpinned_until_) return false;
    if (others_have_pinned_it()) {
      cores_.clear();
      return std::exchange(pinned_, false);
    }
    if (!pinned_) {
      pin();
      return true;
    }
    // Spinning between jobs counts as work and as time on the core, so only a core that is missing
    // often is noticed. A kernel that sleeps looks as if its core were taken.
    const auto given = cpu_time_() - given_before_;
    if (given * 4 > busy_ * 3) {
      unpinned_for_ = (std::max)(unpinned_for_ / 2, shortest);
      begin_window();
      return false;
    }
    host::pin_to(cores_);
    pinned_ = false;
    unpinned_until_ = end + unpinned_for_;
    unpinned_for_ = (std::min)(2 * unpinned_for_, longest);
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds window{10}, shortest{25}, longest{1600};

  // An administrator, or a control group: then this worker is never pinned again.
  bool others_have_pinned_it() const {
    auto now = host::allowed_cores(), expected = pinned_ ? std::vector{own_} : cores_;
    std::sort(now.begin(), now.end());
    std::sort(expected.begin(), expected.end());
    return now != expected;
  }
  void pin() {
    host::pin_to({own_});
    pinned_ = true;
    begin_window();
  }
  void begin_window() {
    busy_ = {};
    given_before_ = cpu_time_();
  }

  std::vector<int> cores_;
  int own_ = 0;
  CpuTime cpu_time_ = nullptr;
  bool pinned_ = false;
  Clock::time_point unpinned_until_;
  std::chrono::milliseconds unpinned_for_ = shortest;  // the next time
  Clock::duration busy_{};                             // since the window began
  std::chrono::nanoseconds given_before_{};
};

}  // namespace tessera::detail
