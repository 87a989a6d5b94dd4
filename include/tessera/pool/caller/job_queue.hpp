// Floor 4, pool/caller: the thread that runs a pool's asynchronous jobs.
//
// A pool makes one at its first asynchronous job, so that a program without any has no thread. A
// job has its ticket of the turnstile from its submission on; the thread passes with it when its
// turn comes, between the jobs that other threads run themselves.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <tessera/host/doorbell.hpp>
#include <tessera/host/thread.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/ticket_lock.hpp>

namespace tessera::detail {

class Dispatcher {
 public:
  /// `run` runs a job in its turn, to AsyncJob::end, and throws nothing.
  Dispatcher(Turnstile& turnstile, std::function<void(AsyncJob&)> run)
      : turnstile_(turnstile), run_(std::move(run)) {
    thread_ = host::quiet_thread("TiledPool", [this] { serve(); });
  }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  /// Waits for the end of all its jobs.
  ~Dispatcher() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    bell_.ring();
    thread_.join();
  }

  /// Takes the job's ticket; from now on it runs in its turn.
  void submit(const std::shared_ptr<AsyncJob>& job) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(job);
      // After what may throw: a ticket that nobody passes with would stop the pool for ever.
      job->ticket = turnstile_.take();
    }
    bell_.ring();
  }

  void cancel_all() noexcept {
    const std::lock_guard lock(mutex_);
    if (running_) running_->cancel();
    for (const auto& job : queue_) job->cancel();
  }

 private:
  void serve() {
    for (;;) {
      const auto epoch = bell_.epoch();
      if (const auto job = next()) {
        const Turnstile::Pass pass(turnstile_, job->ticket);
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
  std::shared_ptr<AsyncJob> next() {
    const std::lock_guard lock(mutex_);
    running_.reset();
    if (queue_.empty()) return {};
    running_ = std::move(queue_.front());
    queue_.pop_front();
    return running_;
  }

  Turnstile& turnstile_;
  std::function<void(AsyncJob&)> run_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<AsyncJob>> queue_;
  std::shared_ptr<AsyncJob> running_;
  bool closing_ = false;
  host::Doorbell bell_;
  std::thread thread_;
};

}  // namespace tessera::detail
