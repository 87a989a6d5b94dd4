// Floor 4, pool/caller: the order of jobs: one at a time, in the order of the calls.
//
// With a mutex a late thread could overtake one that waits; with a ticket lock it can't. A thread
// that waits for its results takes a ticket and runs its job itself. An asynchronous job gets its
// ticket when it is submitted, and the queue's thread runs it with that ticket. A pool makes its
// queue for its first asynchronous job, so a program without such jobs has no extra thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <tessera/host/doorbell.hpp>
#include <tessera/host/thread.hpp>
#include <tessera/pool/caller/async_job.hpp>

namespace tessera::detail {

/// A lock that is given in the order of the tickets. Nothing in it belongs to a thread: one thread
/// may take a ticket, another may enter with it. A forked child, which lacks the waiting threads,
/// can destroy it. Safe from any thread.
class TicketLock {
 public:
  using Ticket = std::uint64_t;

  /// The next number. Every ticket must be used once, or no later ticket can enter.
  Ticket take() noexcept { return next_.fetch_add(1); }

  /// Waits until the ticket is served, and holds the lock as long as it lives.
  class Guard {
   public:
    explicit Guard(TicketLock& lock) noexcept : Guard(lock, lock.take()) {}
    Guard(TicketLock& lock, Ticket ticket) noexcept : lock_(lock), ticket_(ticket) {
      for (;;) {
        const auto epoch = lock.moved_.epoch();
        // Pairs with the previous holder's store: this thread sees what it did.
        if (lock.serving_.load() == ticket) return;
        lock.moved_.wait(epoch, std::chrono::hours(1));
      }
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      lock_.serving_.store(ticket_ + 1);
      lock_.moved_.ring();
    }

   private:
    TicketLock& lock_;
    Ticket ticket_;
  };

  /// How many tickets wait after the one that is served.
  std::uint64_t waiting() const noexcept {
    const auto serving = serving_.load();
    const auto next = next_.load();
    return next == serving ? 0 : next - serving - 1;
  }

 private:
  std::atomic<Ticket> next_{0}, serving_{0};
  host::Doorbell moved_;
};

/// The asynchronous jobs of a pool, and the thread that runs them.
class JobQueue {
 public:
  /// `run` runs a job up to AsyncJob::end, and must not throw.
  JobQueue(TicketLock& lock, std::function<void(AsyncJob&)> run)
      : lock_(lock), run_(std::move(run)) {
    thread_ = host::thread_without_signals("TiledPool", [this] { serve(); });
  }
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;
  /// Waits for the end of all its jobs.
  ~JobQueue() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    bell_.ring();
    thread_.join();
  }

  /// Takes a ticket for the job, and queues it.
  void submit(const std::shared_ptr<AsyncJob>& job) {
    {
      const std::lock_guard lock(mutex_);
      auto& entry = queue_.emplace_back(job, 0);
      // After what may throw: a ticket that nobody uses would stop the pool for ever.
      entry.second = lock_.take();
    }
    bell_.ring();
  }

  void cancel_all() noexcept {
    const std::lock_guard lock(mutex_);
    if (running_.first) running_.first->cancel();
    for (const auto& [job, ticket] : queue_) job->cancel();
  }

 private:
  using Entry = std::pair<std::shared_ptr<AsyncJob>, TicketLock::Ticket>;

  void serve() {
    for (;;) {
      const auto epoch = bell_.epoch();
      if (const auto [job, ticket] = next(); job) {
        const TicketLock::Guard guard(lock_, ticket);
        if (job->begin()) run_(*job);
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        if (closing_ && queue_.empty()) return;
      }
      bell_.wait(epoch, std::chrono::hours(1));
    }
  }
  Entry next() {
    const std::lock_guard lock(mutex_);
    running_ = {};
    if (queue_.empty()) return {};
    running_ = std::move(queue_.front());
    queue_.pop_front();
    return running_;
  }

  TicketLock& lock_;
  std::function<void(AsyncJob&)> run_;
  std::mutex mutex_;
  std::deque<Entry> queue_;
  Entry running_;
  bool closing_ = false;
  host::Doorbell bell_;
  std::thread thread_;
};

}  // namespace tessera::detail
