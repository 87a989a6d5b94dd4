#include <tessera/pool/board/tile_clock.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>

#include "support/catch.hpp"

using tessera::detail::TileClock;

TEST_CASE("a tile that ends in time is never too late") {
  TileClock clock;
  clock.begin(1000, 50, 1);
  REQUIRE_FALSE(clock.expire(1050));
  REQUIRE(clock.end());
  REQUIRE_FALSE(clock.expire(5000));
  REQUIRE_FALSE(clock.reset());
}
TEST_CASE("a worker whose tile is too late does not end it") {
  TileClock clock;
  clock.begin(1000, 50, 1);
  REQUIRE(clock.expire(1051));
  REQUIRE_FALSE(clock.expire(1052));  // once is enough
  REQUIRE_FALSE(clock.end());
  REQUIRE(clock.reset());
}
TEST_CASE("the next worker in its place begins anew") {
  TileClock clock;
  clock.begin(1000, 50, 1);
  clock.expire(2000);
  clock.reset();
  clock.begin(3000, 50, 1);
  REQUIRE(clock.end());
  clock.begin(3000, 50, 1);
  REQUIRE_FALSE(clock.reset());  // another death
}
TEST_CASE("tiles that are computed as one have the time of all") {
  TileClock clock;
  clock.begin(1000, 50, 3);
  REQUIRE_FALSE(clock.expire(1150));
  REQUIRE(clock.expire(1151));
}
TEST_CASE("a deadline beyond all times is none") {
  TileClock clock;
  clock.begin(TileClock::now(), std::numeric_limits<std::uint64_t>::max() / 2, 1000000);
  REQUIRE_FALSE(clock.expire(TileClock::now() + 1000000000));
}
TEST_CASE("worker and keeper agree whether a tile was late") {
  TileClock clock;
  std::atomic<int> round{0};
  std::atomic<bool> expired{false};
  constexpr int rounds = 20000;
  int late = 0, both = 0, neither = 0;
  std::jthread keeper([&] {
    for (int r = 1; r <= rounds; ++r) {
      while (round.load() != r) std::this_thread::yield();
      expired.store(clock.expire(2000));
      round.store(-r);
    }
  });
  for (int r = 1; r <= rounds; ++r) {
    clock.begin(1000, 50, 1);
    round.store(r);
    if (r % 2 == 0) std::this_thread::yield();
    const bool ended = clock.end();
    while (round.load() != -r) std::this_thread::yield();
    late += expired.load();
    both += ended && expired.load();
    neither += !ended && !expired.load();
    clock.reset();
  }
  REQUIRE((both == 0 && neither == 0));
  REQUIRE(late > 0);
}
