// Floor 4, pool/caller: the caller's side of a pool, from its start to its end.
//
// Jobs run one at a time in the order of the calls, from any thread. A thread that waits for its
// results runs its job itself; the job queue's thread runs asynchronous jobs.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/caller/job_queue.hpp>
#include <tessera/pool/caller/job_runner.hpp>
#include <tessera/pool/caller/log_reader.hpp>
#include <tessera/pool/caller/wait.hpp>
#include <tessera/pool/keeper/link.hpp>
#include <tessera/pool/pool_options.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// On which cores workers run, and how workers and caller wait for each other.
struct Placement {
  std::vector<int> cores;  ///< one for each worker; empty: workers are not pinned
  bool spins = false;      ///< workers spin before they sleep: only if each has a core
  WaitStrategy strategy = WaitStrategy::sleep;

  Placement(std::size_t workers, const PoolOptions& options) {
    const auto usable = host::usable_cores();
    if (auto allowed = host::allowed_cores();
        options.pin && workers > 1 && workers == usable && workers == allowed.size())
      cores = std::move(allowed);
    spins = workers <= usable && usable > 1;
    if (options.caller_computes || workers < usable)
      strategy = WaitStrategy::spin;
    else if (host::pinning_is_strict && !cores.empty())
      strategy = WaitStrategy::yield;
  }
};

class Caller {
 public:
  /// `keeper` has started the workers. Empty if this process is the only worker.
  Caller(std::shared_ptr<PoolMemory> pool, std::optional<KeeperLink> keeper, WaitStrategy strategy,
         const PoolOptions& options)
      : spawns_(keeper && options.start_method == StartMethod::spawn),
        pool_(std::move(pool)),
        keeper_(std::move(keeper)),
        log_(pool_->outputs, options.log, pool_->runner),
        runner_(*pool_, keeper_ ? &*keeper_ : nullptr, log_, strategy, options.caller_computes,
                options.user_may_change) {}
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  ~Caller() {
    if (pool_->inherited()) {
      // This process lacks the queue's thread, whose data may be half changed.
      static_cast<void>(queue_.release());
      return;
    }
    if (queue_) queue_->cancel_all();
    if (keeper_) {
      pool_->board.commands().closing.store(1);
      pool_->board.work_bell().ring();
      send(keeper_->channel, is_set_up_ ? Message::stop : Message::stop_at_once);
      if (!wait_for_workers(std::chrono::milliseconds(5000))) kill_keeper();
    }
    queue_.reset();  // its last job has ended, or its workers were killed
    log_.end_job();
    runner_.release_memory();
    if (keeper_) {
      // If this process is killed before this line, the keeper removes the names that are left.
      send(keeper_->channel, Message::stop);
      if (!keeper_->process.wait_ended(std::chrono::milliseconds(5000))) kill_keeper();
      keeper_->process.reap();
    }
  }

  /// Waits until PoolOptions::each_worker has run in all workers. Throws Error(pool_unusable) as
  /// soon as it has failed in one of them, and what the log's function throws.
  void wait_until_set_up() {
    const auto setups = pool_->board.setups();
    is_set_up_ = false;
    if (keeper_)
      runner_.wait_for_workers([&] {
        log_.read();
        const auto failed = [](const SetupReport& setup) { return setup.ever_failed(); };
        const auto ready = [](const SetupReport& setup) { return setup.ever_ready(); };
        return log_.failed() || std::ranges::any_of(setups, failed) ||
               std::ranges::all_of(setups, ready);
      });
    log_.end_job();
    for (const auto& setup : setups)
      if (setup.ever_failed())
        throw failed_setup(setup, "see that each worker finds what the function needs");
    log_.rethrow();
    is_set_up_ = true;
  }

  std::size_t workers() const noexcept { return pool_->board.workers().size(); }
  /// True if modules may stand at other addresses in workers than in this process.
  bool spawns() const noexcept { return spawns_; }

  std::vector<int> worker_pids() const {
    std::vector<int> out;
    for (const auto& process : pool_->board.processes())
      if (const int pid = process.pid.load(); pid != 0) out.push_back(pid);
    return out;
  }

  /// The report of the last job. Waits for a running one.
  Report report() {
    check_use();
    const TicketLock::Guard guard(lock_);
    return runner_.update_report();
  }

  /// The memory that jobs still read when they outlive the pool.
  const std::shared_ptr<PoolMemory>& memory() const noexcept { return pool_; }

  /// Runs one job to its end and copies its results out. Throws JobError and Error.
  void run(const JobOrder& order, void* results) {
    check_use();
    const TicketLock::Guard guard(lock_);
    runner_.run(order, results);
  }

  /// Queues a job. Throws Error for what is wrong already.
  void submit(const std::shared_ptr<AsyncJob>& job) {
    check_use();
    plan_job(job->order);
    if (keeper_) {
      runner_.check_user();
      code_of(job->order.serve);
      if (job->order.function != nullptr) code_of(job->order.function);
      if (keeper_->process.wait_ended(std::chrono::milliseconds(0)))
        throw CallerWait::keeper_gone();
    }
    const std::lock_guard lock(making_queue_);
    if (!queue_)
      queue_ = std::make_unique<JobQueue>(lock_, [this](AsyncJob& its) {
        auto error = error_of(its);
        its.end(std::move(error), runner_.update_report());
      });
    queue_->submit(job);
  }

 private:
  // True once there are no workers, or no keeper.
  bool wait_for_workers(std::chrono::milliseconds at_most) noexcept {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    const auto bell = pool_->board.done_bell();
    const auto processes = pool_->board.processes();
    for (;;) {
      const auto epoch = bell.epoch();
      log_.read();
      if (std::none_of(processes.begin(), processes.end(),
                       [](const auto& process) { return process.pid.load() != 0; }) ||
          keeper_->process.wait_ended(std::chrono::milliseconds(0)))
        return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      bell.wait(epoch, std::chrono::milliseconds(20));
    }
  }
  void kill_keeper() const {
    keeper_->process.kill();  // the kernel ends the workers with it
    keeper_->process.wait_ended(std::chrono::milliseconds(1000));
  }

  void check_use() const {
    if (pool_->in_kernel())
      throw Error(Errc::invalid_argument, "TiledPool",
                  "a kernel, or the log's function, can't use the pool that calls it",
                  "finish the first job, or make another pool");
    pool_->check_process();
  }
  /// Runs a job and returns its error, or none. The exception is not rethrown here: this thread
  /// must hold no reference to it when another thread gets it.
  std::exception_ptr error_of(AsyncJob& job) noexcept {
    try {
      runner_.run(job.order, job.results);
      return {};
    } catch (...) {
      return std::current_exception();
    }
  }

  bool spawns_;
  bool is_set_up_ = true;  // false: its workers may still be setting themselves up
  std::shared_ptr<PoolMemory> pool_;
  std::optional<KeeperLink> keeper_;
  TicketLock lock_;
  LogReader log_;
  JobRunner runner_;
  std::mutex making_queue_;
  std::unique_ptr<JobQueue> queue_;  // none before the first asynchronous job
};

}  // namespace tessera::detail
