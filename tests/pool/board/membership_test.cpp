#include <tessera/pool/board/membership.hpp>

#include <array>
#include <cstdint>
#include <vector>

#include <tessera/pool/board/round.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

namespace {

struct TwoWorkers {
  Gate gate;
  Stop stops;
  std::array<ProcessSlot, 2> processes;
  std::array<WorkerSlot, 2> slots;
  std::array<Range, 2> ranges;
  std::vector<TileByte> bytes = std::vector<TileByte>(1);
  const Membership membership{gate, stops, processes, slots};
  Round round(std::uint64_t number) { return {membership, ranges, number, bytes}; }
};

}  // namespace

TEST_CASE("a worker enters the round that is armed and no other") {
  TwoWorkers two;
  two.gate.round.store(5);
  REQUIRE_FALSE(two.membership.enter(0, 4));
  REQUIRE_FALSE(two.membership.anyone_inside());
  REQUIRE(two.membership.enter(0, 5));
  REQUIRE(two.membership.anyone_inside());
  two.membership.leave(0);
  REQUIRE_FALSE(two.membership.anyone_inside());
}

TEST_CASE("a worker whose death is recorded is not inside any more") {
  TwoWorkers two;
  two.gate.round.store(5);
  REQUIRE(two.membership.enter(1, 5));
  two.membership.record_death(1);
  REQUIRE_FALSE(two.membership.anyone_inside());
  REQUIRE(two.processes[1].deaths.load() == 1);
}

TEST_CASE("who seems to be inside a round that never was counts for nobody") {
  TwoWorkers two;
  two.slots[0].inside.store(0xff);  // by a kernel
  REQUIRE_FALSE(two.membership.anyone_inside(7));
  REQUIRE(two.membership.anyone_inside());
}

TEST_CASE("a round is stopped whatever was written over the word that says so") {
  TwoWorkers two;
  const auto round = two.round(1);
  for (const std::uint64_t written : {0u, 1u, 2u, 0x200u, 0x02020202u}) {
    two.stops.round.store(written);
    round.stop();
    REQUIRE(round.stopped());
  }
}

TEST_CASE("a late stop neither stops a later round nor takes back its stop") {
  TwoWorkers two;
  two.membership.stop(8);
  two.membership.stop(5);
  REQUIRE((two.membership.stopped(8) && !two.membership.stopped(5)));
  two.membership.stop(9);
  REQUIRE(two.membership.stopped(9));
}

TEST_CASE("a stop that a kernel has written does not stop a round that begins") {
  TwoWorkers two;
  const auto round = two.round(5);
  for (const std::uint64_t written : {5u, 6u, 0x41000000u}) {
    two.stops.round.store(written);
    round.clear_false_stop();
    REQUIRE_FALSE(round.stopped());
  }
  two.stops.round.store(4);  // of the round before
  round.clear_false_stop();
  REQUIRE(two.stops.round.load() == 4);
}
