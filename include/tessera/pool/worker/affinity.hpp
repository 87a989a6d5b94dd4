// Floor 4, pool/worker: a worker's core, its own as long as it has it to itself.
//
// Bound workers keep their caches and find the caller at once. But a bound worker whose core
// somebody else uses waits for it while other cores idle, and the whole job with it. So a worker
// compares the time that its work took with the time that its core gave it; where much is missing
// it is let loose for a while, and then tries again: soon the first time, since machines stumble,
// and later and later where somebody stays.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <tessera/host/cpus.hpp>

namespace tessera::detail {

class Berth {
 public:
  using Clock = std::chrono::steady_clock;
  using CpuTime = std::chrono::nanoseconds (*)();

  /// Nobody is bound.
  Berth() = default;
  /// This process is bound to `cores[own]`, and may be let loose on all of them. `cpu_time` tells
  /// how long it has had a core.
  Berth(std::vector<int> cores, std::size_t own, CpuTime cpu_time = &host::cpu_time)
      : cores_(std::move(cores)), own_(cores_[own]), cpu_time_(cpu_time) {
    bind();
    if constexpr (host::binding_is_strict) return;
    cores_.clear();  // the system lets it loose where it should
    bound_ = false;
  }

  bool bound() const noexcept { return bound_; }

  /// This process has worked from `begin` to `end`. True if it was bound or let loose just now.
  bool worked(Clock::time_point begin, Clock::time_point end) {
    if (cores_.empty()) return false;
    busy_ += end - begin;
    if (bound_ ? busy_ < window : end < loose_until_) return false;
    if (others_have_bound_it()) {
      cores_.clear();
      return std::exchange(bound_, false);
    }
    if (!bound_) {
      bind();
      return true;
    }
    // What turning between jobs got counts too, so that it takes a core that is missing much; and a
    // kernel that sleeps looks as if its core were missing.
    const auto given = cpu_time_() - given_before_;
    if (given * 4 > busy_ * 3) {
      loose_for_ = (std::max)(loose_for_ / 2, briefly);
      begin_window();
      return false;
    }
    host::bind_to(cores_);
    bound_ = false;
    loose_until_ = end + loose_for_;
    loose_for_ = (std::min)(2 * loose_for_, long_enough);
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds window{10}, briefly{25}, long_enough{1600};

  // An administrator, or a control group: then it is given up for good.
  bool others_have_bound_it() const {
    auto now = host::allowed_cores(), expected = bound_ ? std::vector{own_} : cores_;
    std::sort(now.begin(), now.end());
    std::sort(expected.begin(), expected.end());
    return now != expected;
  }
  void bind() {
    host::bind_to({own_});
    bound_ = true;
    begin_window();
  }
  void begin_window() {
    busy_ = {};
    given_before_ = cpu_time_();
  }

  std::vector<int> cores_;
  int own_ = 0;
  CpuTime cpu_time_ = nullptr;
  bool bound_ = false;
  Clock::time_point loose_until_;
  std::chrono::milliseconds loose_for_ = briefly;  // the next time
  Clock::duration busy_{};                         // since the window began
  std::chrono::nanoseconds given_before_{};
};

}  // namespace tessera::detail
