#include <tessera/host/cpus.hpp>

#include <sched.h>

#include <fstream>

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

TEST_CASE("the last-level cache is the largest that the system names, or unknown") {
  const auto cache = tessera::host::last_level_cache();
  REQUIRE((cache == 0 || cache >= (std::size_t{1} << 16)));
  REQUIRE((cache == 0) == !std::ifstream("/sys/devices/system/cpu/cpu0/cache/index0/size").good());
}
