// Threads pass the turnstile in the order in which they came.
#include <atomic>
#include <tessera/pool/caller/ticket_lock.hpp>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::Turnstile;

TEST_CASE("threads pass in the order in which they came") {
  Turnstile turnstile;
  std::vector<int> passed;
  std::vector<std::thread> threads;
  {
    const Turnstile::Pass first(turnstile);
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&, i] {
        const Turnstile::Pass pass(turnstile);
        passed.push_back(i);  // alone in here, so without a lock
      });
      while (turnstile.waiting() != static_cast<std::uint64_t>(i) + 1) std::this_thread::yield();
    }
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(passed.size() == 20);
  for (int i = 0; i < 20; ++i) CHECK(passed[static_cast<std::size_t>(i)] == i);
}
