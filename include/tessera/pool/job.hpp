// Public: Job. Floor 4, pool: the handle of an asynchronous job.
#pragma once

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/report.hpp>

namespace tessera {

/// An asynchronous job: it waits in the pool's queue, runs, or has ended.
///
///     auto job = pool.map_async({4, 4}, kernel, into(a), b);
///     while (!job.wait_for(std::chrono::seconds(1))) log(job.progress().done);
///     const auto results = job.get();
///
/// The job keeps its arrays mapped until it has ended. Names that this process owns stay until then
/// too, even if the array ends earlier: the name can't be created anew before. The destructor
/// cancels the job and waits for tiles that are running. After two seconds it kills their workers,
/// which are replaced. The end of a pool cancels its jobs; the Job objects stay valid.
///
/// `Results` is void or xt::xtensor<R, rank of the tile shape>, always row-major.
///
/// Only one thread may move the Job and call get(). Any thread may call the other methods
/// meanwhile. In a forked child, valid(), cancel() and the destructor do nothing, and all other
/// methods throw Error(pool_unusable).
template <class Results>
class [[nodiscard("the end of a Job cancels its job")]] Job {
 public:
  /// Holds no job.
  Job() noexcept = default;
  Job(Job&& other) noexcept
      : state_(std::move(other.state_)), taken_(std::exchange(other.taken_, false)) {}
  /// Cancels the job that it held and waits for its end.
  Job& operator=(Job&& other) noexcept {
    Job moved(std::move(other));
    std::swap(state_, moved.state_);
    std::swap(taken_, moved.taken_);
    return *this;
  }
  ~Job() {
    if (state_) state_->abandon();
  }

  /// True if it holds a job and get() was not called yet.
  bool valid() const noexcept { return state_ && !taken_; }

  /// Waits up to `at_most` for the job's end. True if the job has ended, successfully or not.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& at_most) const {
    using Seconds = std::chrono::duration<double>;
    // A century is longer than any job, and the clock's counter can hold it.
    const bool bounded = Seconds(at_most) < Seconds(std::chrono::hours(24 * 365 * 100));
    return held().wait_until(bounded ? Clock::now() + std::chrono::ceil<Clock::duration>(at_most)
                                     : (Clock::time_point::max)());
  }
  /// Waits for the job's end.
  void wait() const { held().wait_until((Clock::time_point::max)()); }

  /// How many tiles are done: `const auto [done, total] = job.progress();`. It costs the workers
  /// nothing. `done` never decreases. It equals `total` after a job without error.
  Progress progress() const { return held().progress(); }

  /// Cancels the job and does not wait. A queued job never runs. A running job begins no further
  /// tile, and its kernels see tile.stop_requested(). No effect on a job that has ended. Safe in a
  /// signal handler.
  void cancel() noexcept {
    if (state_) state_->cancel();
  }

  /// Waits for the job's end and returns the results; call it once. Throws JobError: kernel_failed,
  /// worker_died, cancelled (not if all tiles were done before). Throws Error: no_space,
  /// pool_unusable; invalid_argument for a second call.
  Results get() {
    auto& state = held();
    if (taken_)
      throw Error(Errc::invalid_argument, "Job", "its results were taken already",
                  "call get() once and keep what it returns");
    wait();
    taken_ = true;
    state.check_end();
    if constexpr (!std::is_void_v<Results>) return std::move(state.values);
  }

  /// Waits for the job's end and returns its figures.
  Report report() const {
    wait();
    return held().report();
  }

 private:
  using Clock = detail::AsyncJob::Clock;
  using State = detail::AsyncJobOf<Results>;
  friend class TiledPool;

  explicit Job(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  State& held() const {
    if (!state_)
      throw Error(Errc::invalid_argument, "Job", "it holds no job: it was moved from or never made",
                  "use the Job it went to");
    return *state_;
  }

  std::shared_ptr<State> state_;
  bool taken_ = false;
};

}  // namespace tessera
