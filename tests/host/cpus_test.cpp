#include <tessera/host/cpus.hpp>

#include <sched.h>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::host::usable_cores;

TEST_CASE("a process may use at least one core and no more than its affinity has") {
  cpu_set_t set;
  REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  REQUIRE(usable_cores() >= 1);
  REQUIRE(usable_cores() <= static_cast<std::size_t>(CPU_COUNT(&set)));
}

TEST_CASE("a process bound to one core may use one") {
  REQUIRE(failure_in_child([] {
            cpu_set_t set;
            must(::sched_getaffinity(0, sizeof set, &set) == 0, "the affinity can be read");
            int first = 0;
            while (!CPU_ISSET(first, &set)) ++first;
            CPU_ZERO(&set);
            CPU_SET(first, &set);
            must(::sched_setaffinity(0, sizeof set, &set) == 0, "the affinity can be set");
            must(usable_cores() == 1, "one core is usable");
          }) == "");
}
