// Pools that end in order.
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;

TEST_CASE("a pool that ends leaves no process and no name") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            std::vector<int> pids;
            for (int round = 0; round < 10; ++round) {
              TiledPool pool(2);
              pids = processes_of(pool);
              auto a = SharedArray<int, 1>::create({100});
              pool.map({10}, add_one, into(a));
            }
            must(tessera::host::segment_names().empty(), "no name is left");
            for (const int pid : pids) must(has_ended(pid), "no process is left");
          }) == "");
}

TEST_CASE("a pool that ends without a job leaves no process") {
  const Scene scene;
  for (int round = 0; round < 20; ++round) {
    std::vector<int> pids;
    {
      TiledPool pool(2);
      if (round % 2 == 1) pids = processes_of(pool);
    }
    for (const int pid : pids) REQUIRE(has_ended(pid));
  }
}
