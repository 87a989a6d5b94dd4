// Public: Job. Floor 4, pool: what an asynchronous call gives back.
#pragma once

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/options.hpp>
#include <tessera/pool/report.hpp>

namespace tessera {

/// A job that runs, or waits for its turn, while its caller goes on. It keeps its arrays' memory
/// and, for arrays that this process owns, their names until the job has ended, whatever becomes of
/// the arrays: a name that is to be created anew is taken until then. Its end cancels the job and
/// waits for what is running of it, though not for ever: worker processes that are in the middle of
/// a tile after two seconds are ended and replaced. A pool that ends cancels its jobs; the Jobs
/// stay valid. `Results` is xt::xtensor<R, rank of the tile shape>, row-major whatever xtensor's
/// default is, or void.
///
/// One thread may move and get() it, and any may use the rest meanwhile. In a forked child all but
/// valid(), cancel() and the destructor, which do nothing there, throw Error(pool_unusable).
template <class Results>
class [[nodiscard("the end of a Job cancels its job")]] Job {
 public:
  /// No job.
  Job() noexcept = default;
  Job(Job&& other) noexcept
      : state_(std::move(other.state_)), taken_(std::exchange(other.taken_, false)) {}
  /// Cancels the job it had, and waits.
  Job& operator=(Job&& other) noexcept {
    Job moved(std::move(other));
    std::swap(state_, moved.state_);
    std::swap(taken_, moved.taken_);
    return *this;
  }
  ~Job() {
    if (state_) state_->abandon();
  }

  /// True until get(): it has a job whose results, or error, nobody has taken.
  bool valid() const noexcept { return state_ && !taken_; }

  /// Waits up to `at_most` for the job's end; true if it has ended, well or not.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& at_most) const {
    using Seconds = std::chrono::duration<double>;
    // A century is longer than any job, and shorter than what a clock's counter can hold.
    const bool bounded = Seconds(at_most) < Seconds(std::chrono::hours(24 * 365 * 100));
    return held().wait_until(bounded ? Clock::now() + std::chrono::ceil<Clock::duration>(at_most)
                                     : (Clock::time_point::max)());
  }
  /// Waits for the job's end.
  void wait() const { held().wait_until((Clock::time_point::max)()); }

  /// How many tiles are done, as `const auto [done, total] = job.progress();`. Costs the workers
  /// nothing. `done` never decreases, and is `total` after a job that went well.
  Progress progress() const { return held().progress(); }

  /// A job that waits for its turn never runs; of one that runs no further tile is begun, and
  /// kernels may ask tile.stop_requested(). After its end: nothing. Does not wait. Safe in a signal
  /// handler.
  void cancel() noexcept {
    if (state_) state_->cancel();
  }

  /// Waits for the job's end and gives its results, once. Throws JobError (kernel_failed,
  /// worker_died; cancelled unless all tiles were done all the same), or Error (no_space,
  /// pool_unusable; invalid_argument if they were taken already).
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

  /// Waits for the job's end and tells how it went.
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
