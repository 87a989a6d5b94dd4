// Floor 4, pool/worker: undoes what kernels change in their process, after their job.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <tessera/host/code_address.hpp>
#include <tessera/host/process_state.hpp>
#include <tessera/pool/board/job_memory.hpp>

namespace tessera::detail {

/// Restores a worker's signal mask, current folder, umask and locale. One check costs as much as a
/// small job. So a worker checks only
/// - after the first sixteen jobs of each kernel,
/// - after every job of a kernel that has changed anything,
/// - when it has worked for 500 microseconds, a hundred times as long as a check takes,
/// - before it sleeps.
///
/// It never checks while the caller waits for it.
class StateRestorer {
 public:
  // The first check is the slow one, so make it here and not between two jobs.
  StateRestorer() { state_.restore(); }

  /// Sets the kernel of the job. Call it before worked().
  void set_kernel(const JobHead& job) {
    const Kernel kernel{job.serve, job.function};
    kernel_ = static_cast<std::size_t>(
        std::find_if(checks_.begin(), checks_.end(),
                     [&](const auto& known) { return known.first == kernel; }) -
        checks_.begin());
    if (kernel_ == checks_.size()) checks_.emplace_back(kernel, first_checks);
  }
  void worked(std::chrono::nanoseconds time) {
    unchecked_ += time;
    const bool due = kernel_ < checks_.size() && checks_[kernel_].second != 0;
    if (due || unchecked_ >= at_most_unchecked) check_state();
  }
  /// Before the worker sleeps.
  void restore() {
    if (unchecked_.count() != 0) check_state();
  }

 private:
  static constexpr unsigned first_checks = 16, always = static_cast<unsigned>(-1);
  static constexpr std::chrono::microseconds at_most_unchecked{500};

  void check_state() {
    unchecked_ = {};
    const bool changed = state_.restore();
    if (kernel_ >= checks_.size()) return;
    auto& left = checks_[kernel_].second;
    if (changed && left == 0)
      for (auto& [kernel, checks] : checks_) checks = always;  // any kernel may have done it
    else if (changed)
      left = always;
    else if (left != 0 && left != always)
      --left;
  }

  using Kernel = std::pair<host::CodeAddress, host::CodeAddress>;

  host::ProcessState state_;
  std::vector<std::pair<Kernel, unsigned>> checks_;  // checks left for each kernel
  std::size_t kernel_ = 0;
  std::chrono::nanoseconds unchecked_{};  // worked since the last check
};

}  // namespace tessera::detail
