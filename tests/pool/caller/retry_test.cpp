#include <tessera/pool/caller/retry.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

TEST_CASE("a job whose rounds end nothing is given up after a hundred of them") {
  StallDetector stall;
  REQUIRE_FALSE(stall.stalled(3, 1, 0));  // nothing to compare it with
  for (int round = 1; round < 100; ++round) REQUIRE_FALSE(stall.stalled(3, 1, 0));
  REQUIRE(stall.stalled(3, 1, 0));
}
