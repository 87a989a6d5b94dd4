// Floor 4, pool/caller: the cancellation of an asynchronous job, as its Job and its thread share
// it.
#pragma once

#include <atomic>
#include <cstdint>

namespace tessera::detail {

/// Safe from any thread. request() is safe in a signal handler too.
class CancelToken {
 public:
  /// Requests the end. Returns the round to stop; 0: none is armed yet.
  std::uint64_t request() noexcept {
    requested_.store(true);
    return round_.load();
  }
  /// From now on nobody waits for running kernels.
  void expire() noexcept { expired_.store(true); }

  /// For the thread that runs the job, before it arms a round. True if the round must stop at once.
  /// Pairs with request(): request() sees the round, or this call sees the request.
  bool set_round(std::uint64_t round) noexcept {
    round_.store(round);
    return requested();
  }
  bool requested() const noexcept { return requested_.load(); }
  bool expired() const noexcept { return expired_.load(); }
  /// The last armed round; 0: none yet.
  std::uint64_t round() const noexcept { return round_.load(); }

 private:
  std::atomic<bool> requested_{false}, expired_{false};
  std::atomic<std::uint64_t> round_{0};
};
static_assert(std::atomic<bool>::is_always_lock_free &&
              std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace tessera::detail
