#include <tessera/pool/caller/duration_history.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using tessera::detail::DurationHistory;
using tessera::detail::JobKey;

TEST_CASE("a job is expected to take as long as the last of its kind") {
  DurationHistory history;
  const int one = 1, two = 2;
  const JobKey quick{&one, 10}, slow{&two, 10}, larger{&one, 11};
  REQUIRE_FALSE(history.expects_short(quick));  // nothing is known
  for (int round = 0; round < 50; ++round) {
    history.learn(quick, round > 0, false, 20us);
    history.learn(slow, false, false, 5ms);
    REQUIRE(history.expects_short(quick));
    REQUIRE_FALSE(history.expects_tiny(quick));
    REQUIRE_FALSE(history.expects_short(slow));
    REQUIRE_FALSE(history.expects_short(larger));
  }
  history.learn(quick, true, false, 3us);
  REQUIRE(history.expects_tiny(quick));
}

TEST_CASE("a core that came back late is not given away for more and more jobs") {
  DurationHistory history;
  const JobKey key{nullptr, 1};
  const bool failed = GENERATE(false, true);
  const auto late = failed ? 120us : 3000us;
  history.learn(key, false, false, 20us);
  std::vector<int> pauses;
  for (int time = 0; time < 12; ++time) {
    REQUIRE(history.expects_short(key));
    history.learn(key, true, failed, late);
    int pause = 0;
    do {
      history.learn(key, false, false, 20us);
      ++pause;
      REQUIRE(pause < 10000);
    } while (!history.expects_short(key));
    pauses.push_back(pause);
    REQUIRE(history.expects_short(key));
  }
  REQUIRE(std::is_sorted(pauses.begin(), pauses.end()));
  REQUIRE((pauses.front() > 10 && pauses.front() < 20 && pauses.back() == 4096));
  // And is trusted again in time.
  for (int job = 0; job < 20; ++job) history.learn(key, true, false, 20us);
  history.learn(key, true, failed, late);
  int pause = 0;
  for (history.learn(key, false, false, 20us); !history.expects_short(key); ++pause) {
  }
  REQUIRE(pause < 20);
}

TEST_CASE("more kinds of jobs than are remembered are each learnt anew") {
  DurationHistory history;
  for (std::size_t tiles = 1; tiles <= 100; ++tiles) {
    const JobKey key{nullptr, tiles};
    REQUIRE_FALSE(history.expects_short(key));
    history.learn(key, false, false, 20us);
    REQUIRE(history.expects_short(key));
  }
}
