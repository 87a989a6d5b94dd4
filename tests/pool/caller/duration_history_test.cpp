#include <tessera/pool/caller/duration_history.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using tessera::detail::DurationHistory;

TEST_CASE("a job is expected to take as long as the last one") {
  DurationHistory history;
  REQUIRE_FALSE(history.expects_short());  // nothing is known
  for (int round = 0; round < 50; ++round) {
    history.learn(round > 0, false, 20us);
    REQUIRE(history.expects_short());
    history.learn(false, false, 5ms);
    REQUIRE_FALSE(history.expects_short());
  }
}

TEST_CASE("a core that came back late is not given away for more and more jobs") {
  DurationHistory history;
  const bool failed = GENERATE(false, true);
  const auto late = failed ? 120us : 3000us;
  history.learn(false, false, 20us);
  std::vector<int> pauses;
  for (int time = 0; time < 12; ++time) {
    REQUIRE(history.expects_short());
    history.learn(true, failed, late);
    int pause = 0;
    do {
      history.learn(false, false, 20us);
      ++pause;
      REQUIRE(pause < 10000);
    } while (!history.expects_short());
    pauses.push_back(pause);
    REQUIRE(history.expects_short());
  }
  REQUIRE(std::is_sorted(pauses.begin(), pauses.end()));
  REQUIRE((pauses.front() > 10 && pauses.front() < 20 && pauses.back() == 4096));
  // And is trusted again in time.
  for (int job = 0; job < 20; ++job) history.learn(true, false, 20us);
  history.learn(true, failed, late);
  int pause = 0;
  for (history.learn(false, false, 20us); !history.expects_short(); ++pause) {
  }
  REQUIRE(pause < 20);
}
