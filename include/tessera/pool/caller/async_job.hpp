// Floor 4, pool/caller: one asynchronous job, shared by its Job and the pool that runs it.
//
// Its phase goes from queued to running to ended, or from queued to skipped. Each step is one
// compare-and-swap, so a cancel and the pool's thread never both take it. A Job may outlive the
// pool, so this object keeps the board's memory. Signal handlers may call cancel(), so it uses only
// atomics and one futex wake.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

struct PoolMemory;

/// The error of a job that was cancelled before any of its tiles began.
JobError not_begun(const JobOrder& order);

class AsyncJob {
 public:
  using Clock = std::chrono::steady_clock;

  AsyncJob(JobOrder job_order, std::shared_ptr<PoolMemory> pool);
  AsyncJob(const AsyncJob&) = delete;
  AsyncJob& operator=(const AsyncJob&) = delete;
  ~AsyncJob();

  // For the pool's thread.

  /// False if the job was cancelled while it was queued. It then never runs.
  bool begin() noexcept;
  /// The job's last step on the pool's thread, before the next job begins.
  void end(std::exception_ptr error, Report report) noexcept;

  // For its Job, on any thread.

  /// Safe in a signal handler. Has no effect in a forked child.
  void cancel() noexcept;

  /// True if the job has ended before `deadline`. Throws Error where it would wait for ever.
  bool wait_until(Clock::time_point deadline);
  /// Cancels the job and waits for its end, so that nothing touches its arrays and results any
  /// more. After two seconds the pool kills workers that are still in a tile.
  void abandon() noexcept;

  Progress progress() const;

  /// After the job's end: throws its error, if there is one.
  void check_end() const;
  const Report& report() const noexcept;  ///< after its end

  JobOrder order;
  void* results = nullptr;

 private:
  struct Parts;

  bool over() noexcept;
  std::size_t tiles_done() const noexcept;
  void release_if_skipped() noexcept;
  void release_arrays() noexcept;

  std::unique_ptr<Parts> parts_;
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

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/caller/async_job_impl.hpp>
#endif
