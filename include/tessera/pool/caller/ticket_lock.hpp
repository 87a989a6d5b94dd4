// Floor 4, pool/caller: jobs pass one at a time, in the order in which they came.
//
// A mutex alone would let a late thread overtake one that waits. Tickets are numbers, and whoever
// holds the number that is served is inside. Nothing here is a thread's own: one thread may take a
// ticket and another pass with it; and a forked child, which has none of the waiting threads, can
// end it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <tessera/host/doorbell.hpp>

namespace tessera::detail {

/// Safe from any thread.
class Turnstile {
 public:
  using Ticket = std::uint64_t;

  /// The next place in the order. Every ticket must pass once: nobody behind it can before.
  Ticket take() noexcept { return next_.fetch_add(1); }

  /// Held while its thread is inside.
  class Pass {
   public:
    explicit Pass(Turnstile& turnstile) noexcept : Pass(turnstile, turnstile.take()) {}
    Pass(Turnstile& turnstile, Ticket ticket) noexcept : turnstile_(turnstile), ticket_(ticket) {
      for (;;) {
        const auto epoch = turnstile.moved_.epoch();
        // Pairs with the store of the one before: what it did inside is seen.
        if (turnstile.serving_.load() == ticket) return;
        turnstile.moved_.wait(epoch, std::chrono::hours(1));
      }
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      turnstile_.serving_.store(ticket_ + 1);
      turnstile_.moved_.ring();
    }

   private:
    Turnstile& turnstile_;
    Ticket ticket_;
  };

  /// How many tickets wait behind the one that is inside.
  std::uint64_t waiting() const noexcept {
    const auto serving = serving_.load();
    const auto next = next_.load();
    return next == serving ? 0 : next - serving - 1;
  }

 private:
  std::atomic<Ticket> next_{0}, serving_{0};
  host::Doorbell moved_;
};

}  // namespace tessera::detail
