// Floor 3, pool: threads pass one at a time, in the order in which they came.
//
// A mutex alone would let a late thread overtake one that waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tessera::detail {

/// A Pass is held while its thread is inside. Safe from any thread.
class Turnstile {
 public:
  class Pass {
   public:
    explicit Pass(Turnstile& turnstile) : turnstile_(turnstile) {
      std::unique_lock lock(turnstile.mutex_);
      const auto ticket = turnstile.next_++;
      turnstile.moved_.wait(lock, [&] { return turnstile.serving_ == ticket; });
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      const std::lock_guard lock(turnstile_.mutex_);
      ++turnstile_.serving_;
      turnstile_.moved_.notify_all();
    }

   private:
    Turnstile& turnstile_;
  };

  /// How many threads wait behind the one that is inside.
  std::uint64_t waiting() {
    const std::lock_guard lock(mutex_);
    return next_ == serving_ ? 0 : next_ - serving_ - 1;
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::uint64_t next_ = 0, serving_ = 0;
};

}  // namespace tessera::detail
