// Floor 4, pool/caller: one asynchronous job, shared by its Job and the pool that runs it.
//
// Its phase goes from queued to running to ended, or from queued to skipped. Each step is one
// compare-and-swap, so a cancel and the pool's thread never both take it. A Job may outlive the
// pool, so this object keeps the board's memory. Signal handlers may call cancel(), so it uses only
// atomics and one futex wake.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/cancel_token.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// The error of a job that was cancelled before any of its tiles began.
inline JobError not_begun(const JobOrder& order) {
  std::vector<std::size_t> all;
  if (order.only) {
    all = order.as_user_tiles(*order.only);
  } else {
    all.resize(order.user_tiles());
    std::iota(all.begin(), all.end(), std::size_t{0});
  }
  return {Errc::cancelled,
          "the job was cancelled before it began",
          "its elements are as they were",
          std::move(all),
          {}};
}

class AsyncJob {
 public:
  using Clock = std::chrono::steady_clock;

  AsyncJob(JobOrder job_order, std::shared_ptr<PoolMemory> pool)
      : order(std::move(job_order)),
        pool_(std::move(pool)),
        cancel_(std::make_shared<CancelToken>()) {
    order.cancel = cancel_;
    names_.reserve(order.arguments.size());
    for (const auto& argument : order.arguments) names_.emplace_back(argument.segment);
    report_.tiles = order.wanted_user_tiles();
  }
  AsyncJob(const AsyncJob&) = delete;
  AsyncJob& operator=(const AsyncJob&) = delete;

  // For the pool's thread.

  /// False if the job was cancelled while it was queued. It then never runs.
  bool begin() noexcept {
    auto phase = Phase::queued;
    if (phase_.compare_exchange_strong(phase, Phase::running)) return true;
    release_if_skipped();
    return false;
  }
  /// The job's last step on the pool's thread, before the next job begins.
  void end(std::exception_ptr error, Report report) noexcept {
    done_ = error ? tiles_done() : order.wanted_user_tiles();
    error_ = std::move(error);
    report_ = std::move(report);
    release_arrays();
    phase_.store(Phase::ended);  // releases all of the above, and the results
    ended_.ring();
  }

  // For its Job, on any thread.

  /// Safe in a signal handler. Has no effect in a forked child.
  void cancel() noexcept {
    if (pool_->inherited()) return;
    const int kept = errno;
    const auto round = cancel_->request();
    auto phase = Phase::queued;
    if (phase_.compare_exchange_strong(phase, Phase::skipped)) {
      ended_.ring();
    } else if (phase == Phase::running && round != 0) {
      pool_->board.membership().stop(round);
      pool_->board.done_bell().ring();
    }
    errno = kept;
  }

  /// True if the job has ended before `deadline`. Throws Error where it would wait for ever.
  bool wait_until(Clock::time_point deadline) {
    pool_->check_process();
    for (;;) {
      const auto epoch = ended_.epoch();
      if (over()) return true;
      const auto now = Clock::now();
      if (now >= deadline) return false;
      if (pool_->in_kernel())
        throw Error(Errc::invalid_argument, "TiledPool",
                    "a kernel can't wait for a job of the pool that runs it",
                    "wait for it where the first job was started");
      ended_.wait(epoch, std::min<Clock::duration>(deadline - now, std::chrono::hours(1)));
    }
  }
  /// Cancels the job and waits for its end, so that nothing touches its arrays and results any
  /// more. After two seconds the pool kills workers that are still in a tile.
  void abandon() noexcept {
    if (pool_->inherited()) return;
    cancel();
    // A kernel that destroys its own Job can't wait for itself.
    const auto waits = [this] { return !over() && !pool_->in_kernel(); };
    if (!waits() || wait_until(Clock::now() + std::chrono::seconds(2))) return;
    cancel_->expire();
    pool_->board.done_bell().ring();
    while (waits()) wait_until(Clock::now() + std::chrono::hours(1));
  }

  Progress progress() const {
    pool_->check_process();
    const auto total = order.wanted_user_tiles();
    if (cancel_->round() != 0 && phase_.load() == Phase::running) {
      const auto done = tiles_done();
      // The next job sets the counters to 0, with release, after this job's end. So if this thread
      // has read such a 0, it sees the end here.
      if (phase_.load() == Phase::running) return {done, total};
    }
    return {phase_.load() == Phase::ended ? done_ : 0, total};
  }

  /// After the job's end: throws its error, if there is one.
  void check_end() const {
    if (phase_.load() == Phase::skipped) throw not_begun(order);
    if (error_) std::rethrow_exception(error_);
  }
  const Report& report() const noexcept { return report_; }  ///< after its end

  JobOrder order;
  void* results = nullptr;

 private:
  enum class Phase : int { queued, running, ended, skipped };
  static_assert(std::atomic<Phase>::is_always_lock_free);

  bool over() noexcept {
    release_if_skipped();
    const auto phase = phase_.load();
    return phase == Phase::ended || phase == Phase::skipped;
  }
  std::size_t tiles_done() const noexcept {
    if (cancel_->round() == 0) return 0;
    std::size_t done = 0;
    for (const auto& slot : pool_->board.workers())
      done += slot.tiles.load(std::memory_order_acquire);
    return done / order.slabs_per_tile;
  }
  // cancel() must not do this. So the first thread that sees `skipped` does it. Done on return.
  void release_if_skipped() noexcept {
    if (phase_.load() != Phase::skipped) return;
    const std::lock_guard lock(releasing_);
    release_arrays();
  }
  void release_arrays() noexcept {
    names_.clear();
    order.arguments.clear();
  }

  std::shared_ptr<PoolMemory> pool_;
  std::shared_ptr<CancelToken> cancel_;
  std::vector<Segment::NameUse> names_;
  std::atomic<Phase> phase_{Phase::queued};
  std::mutex releasing_;
  host::Doorbell ended_;
  // Written before the end and read after it.
  std::size_t done_ = 0;
  std::exception_ptr error_;
  Report report_;
};

/// The job, with memory for its results.
template <class Results>
struct AsyncJobOf : AsyncJob {
  AsyncJobOf(JobOrder job_order, std::shared_ptr<PoolMemory> pool, Results&& empty)
      : AsyncJob(std::move(job_order), std::move(pool)), values(std::move(empty)) {
    this->results = values.data();
  }
  Results values;
};
template <>
struct AsyncJobOf<void> : AsyncJob {
  using AsyncJob::AsyncJob;
};

}  // namespace tessera::detail
