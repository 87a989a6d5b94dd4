// Floor 4, pool/caller: one asynchronous job, shared by its Job and by the pool that runs it.
//
// It goes from queued to running to ended, or from queued to skipped; each step is one
// compare-and-swap, so that a cancel and the pool's thread never both have it. What a Job looks at
// outlives the pool: the board's memory is held here too. Nothing but atomics and one futex wake
// stands in cancel(), which signal handlers call.
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
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/doorbell.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/ticket_lock.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// What jobs that outlive their pool still look at. Made in the process that has the pool.
struct Premises {
  /// Without a name: whatever happens before the keeper watches, nothing stays. `sent`: as a file,
  /// for a keeper that is no copy of this process.
  explicit Premises(std::size_t workers, bool sent = false)
      : file(sent ? host::nameless_file(Board::bytes(workers), "TiledPool") : host::Descriptor()),
        memory(
            sent ? host::Mapping(file, host::Access::read_write, Board::bytes(workers), "TiledPool")
                 : host::Mapping::anonymous(Board::bytes(workers), "TiledPool")),
        board(memory.data(), workers,
              {host::Waker::made("TiledPool"), host::Waker::made("TiledPool")}) {
    host::segment_folder();  // from now on: the keeper and the workers have the same
  }

  bool inherited() const noexcept { return generation != host::fork_generation(); }
  void check_process() const {
    if (inherited())
      throw Error(Errc::pool_unusable, "TiledPool",
                  "it belongs to the parent of this forked process",
                  "make a pool of its own in the child");
  }
  /// True in a kernel that this pool runs in this process.
  bool in_kernel() const noexcept { return runner.load() == std::this_thread::get_id(); }

  std::uint64_t generation = host::fork_generation();
  host::Descriptor file;  ///< where it is sent, until it was
  host::Mapping memory;
  Board board;
  std::atomic<std::thread::id> runner{};  ///< who runs a kernel in this process
};

/// The error of a job that was cancelled before any of its tiles was begun.
inline JobError not_begun(const JobOrder& order) {
  std::vector<std::size_t> all;
  if (order.only) {
    all = order.told(*order.only);
  } else {
    all.resize(order.told_tiles());
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

  AsyncJob(JobOrder job_order, std::shared_ptr<Premises> pool)
      : order(std::move(job_order)), premises_(std::move(pool)) {
    order.async = this;
    names_.reserve(order.arguments.size());
    for (const auto& argument : order.arguments) names_.emplace_back(argument.segment);
    report_.tiles = asked();
  }
  AsyncJob(const AsyncJob&) = delete;
  AsyncJob& operator=(const AsyncJob&) = delete;

  // For the pool's thread.

  /// False if it was cancelled while it waited for its turn: then it never runs.
  bool begin() noexcept {
    auto phase = Phase::queued;
    if (phase_.compare_exchange_strong(phase, Phase::running)) return true;
    let_go_if_skipped();
    return false;
  }
  /// A round of it has this number from now on, and the workers' counters are of this job. Pairs
  /// with cancel(): either it sees the number, or the request is seen here.
  void armed(std::uint64_t round) noexcept {
    round_.store(round);
    if (cancel_requested()) premises_->board.crew().stop(round);
  }
  bool cancel_requested() const noexcept { return cancelled_.load(); }
  /// True if nobody waits any longer for kernels in the middle of a tile.
  bool overdue() const noexcept { return overdue_.load(); }
  /// Its last step on the pool's thread. Before the next job begins.
  void end(std::exception_ptr error, Report report) noexcept {
    done_ = error ? counted() : asked();
    error_ = std::move(error);
    report_ = std::move(report);
    let_go();
    phase_.store(Phase::ended);  // releases all of the above, and the results
    ended_.ring();
  }

  // For its Job, on any thread.

  /// Safe in a signal handler. Does nothing in a forked child.
  void cancel() noexcept {
    if (premises_->inherited()) return;
    const int kept = errno;
    cancelled_.store(true);
    auto phase = Phase::queued;
    if (phase_.compare_exchange_strong(phase, Phase::skipped)) {
      ended_.ring();
    } else if (const auto round = round_.load(); phase == Phase::running && round != 0) {
      premises_->board.crew().stop(round);
      premises_->board.news().ring();
    }
    errno = kept;
  }

  /// True if it has ended when `deadline` has come. Throws Error where waiting would never end.
  bool wait_until(Clock::time_point deadline) {
    premises_->check_process();
    for (;;) {
      const auto epoch = ended_.epoch();
      if (over()) return true;
      const auto now = Clock::now();
      if (now >= deadline) return false;
      if (premises_->in_kernel())
        throw Error(Errc::invalid_argument, "TiledPool",
                    "a kernel can't wait for a job of the pool that runs it",
                    "wait for it where the first job was started");
      ended_.wait(epoch, std::min<Clock::duration>(deadline - now, std::chrono::hours(1)));
    }
  }
  /// Cancels it and waits for its end, so that nobody touches its arrays and results any more. Who
  /// is in the middle of a tile after two seconds is ended by the pool.
  void abandon() noexcept {
    if (premises_->inherited()) return;
    cancel();
    // A kernel that ends its own job can't wait for itself.
    const auto waits = [this] { return !over() && !premises_->in_kernel(); };
    if (!waits() || wait_until(Clock::now() + std::chrono::seconds(2))) return;
    overdue_.store(true);
    premises_->board.news().ring();
    while (waits()) wait_until(Clock::now() + std::chrono::hours(1));
  }

  Progress progress() const {
    premises_->check_process();
    std::size_t done = 0;
    if (round_.load() != 0 && phase_.load() == Phase::running) {
      done = counted();
      // The next job sets the counters to 0, with release, after this one's end: whoever saw that
      // sees the end here.
      if (phase_.load() == Phase::running) return {done, asked()};
    }
    return {phase_.load() == Phase::ended ? done_ : 0, asked()};
  }

  /// After its end: throws what it ended with, if not well.
  void check_end() const {
    if (phase_.load() == Phase::skipped) throw not_begun(order);
    if (error_) std::rethrow_exception(error_);
  }
  const Report& report() const noexcept { return report_; }  ///< after its end

  JobOrder order;
  void* results = nullptr;
  Turnstile::Ticket ticket = 0;

 private:
  enum class Phase : int { queued, running, ended, skipped };
  static_assert(std::atomic<Phase>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

  bool over() noexcept {
    let_go_if_skipped();
    const auto phase = phase_.load();
    return phase == Phase::ended || phase == Phase::skipped;
  }
  std::size_t asked() const noexcept { return order.asked() / order.parts; }
  std::size_t counted() const noexcept {
    if (round_.load() == 0) return 0;
    std::size_t done = 0;
    for (const auto& slot : premises_->board.worker_slots())
      done += slot.tiles.load(std::memory_order_acquire);
    return done / order.parts;
  }
  // By whoever sees first that it was skipped, since cancel() may not; done when this returns.
  void let_go_if_skipped() noexcept {
    if (phase_.load() != Phase::skipped) return;
    const std::lock_guard lock(letting_go_);
    let_go();
  }
  void let_go() noexcept {
    names_.clear();
    order.arguments.clear();
  }

  std::shared_ptr<Premises> premises_;
  std::vector<Segment::NameUse> names_;
  std::atomic<Phase> phase_{Phase::queued};
  std::atomic<bool> cancelled_{false}, overdue_{false};
  std::mutex letting_go_;
  std::atomic<std::uint64_t> round_{0};  // the number of the round that was armed last; 0: none yet
  host::Doorbell ended_;
  // Written before the end, read after it.
  std::size_t done_ = 0;
  std::exception_ptr error_;
  Report report_;
};

/// With the place of its results.
template <class Results>
struct AsyncJobOf : AsyncJob {
  AsyncJobOf(JobOrder job_order, std::shared_ptr<Premises> pool, Results&& empty)
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
