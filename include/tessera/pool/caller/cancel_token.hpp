// Floor 4, pool/caller: what an asynchronous job and the thread that runs it share of its cancel.
#pragma once

#include <atomic>
#include <cstdint>

namespace tessera::detail {

/// Safe from any thread, request() in a signal handler too.
class CancelToken {
 public:
  /// Asks for the end, and gives the round to stop; 0: none is armed yet.
  std::uint64_t request() noexcept {
    requested_.store(true);
    return round_.load();
  }
  /// Nobody waits any longer for kernels in the middle of a tile.
  void expire() noexcept { expired_.store(true); }

  /// For the thread that runs the job, before it arms a round. True if that is to be stopped at
  /// once. Pairs with request(): either that sees the round, or this sees the request.
  bool set_round(std::uint64_t round) noexcept {
    round_.store(round);
    return requested();
  }
  bool requested() const noexcept { return requested_.load(); }
  bool expired() const noexcept { return expired_.load(); }
  /// The round that was armed last; 0: none yet.
  std::uint64_t round() const noexcept { return round_.load(); }

 private:
  std::atomic<bool> requested_{false}, expired_{false};
  std::atomic<std::uint64_t> round_{0};
};
static_assert(std::atomic<bool>::is_always_lock_free &&
              std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace tessera::detail
