// Job memory as the caller writes it and workers read it.
#include <tessera/pool/board/job_memory.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/catch.hpp"
#include "support/written_job.hpp"

using namespace tessera_test;
using tessera::detail::JobHead;
using tessera::detail::JobMemory;

TEST_CASE("a worker reads from job memory what the caller ordered") {
  WrittenJob job;
  const JobMemory memory = job.seen();
  REQUIRE(memory.head().tiles == 7);
  REQUIRE(memory.head().grain == 3);
  REQUIRE((memory.grid()[0] == 5 && memory.grid()[1] == 6));
  REQUIRE((memory.tile()[0] == 2 && memory.tile()[1] == 4));
  REQUIRE(std::equal(job.order.kernel.begin(), job.order.kernel.end(), memory.kernel()));
  REQUIRE(memory.arguments().size() == 2);
  const auto& a = memory.arguments()[0];
  const auto& b = memory.arguments()[1];
  REQUIRE((memory.path(a) == job.a.name() && memory.path(b) == job.b.name()));
  REQUIRE((a.writes == 1 && a.is_name == 1 && a.axes == 3 && b.axes == 2));
  REQUIRE(a.identity == job.a.segment()->identity());
  REQUIRE(std::vector(memory.shape(a), memory.shape(a) + 3) == std::vector<std::uint64_t>{4, 5, 6});
  REQUIRE(std::vector(memory.strides(a), memory.strides(a) + 3) ==
          std::vector<std::int64_t>{30, 6, 1});
  REQUIRE(std::vector(memory.shape(b), memory.shape(b) + 2) == std::vector<std::uint64_t>{5, 3});
  REQUIRE(std::vector(memory.strides(b), memory.strides(b) + 2) == std::vector<std::int64_t>{6, 2});
  REQUIRE(b.offset == job.b.segment()->header().data_offset + sizeof(double));
}

TEST_CASE("whatever is written over a job's memory, the caller knows where its parts are") {
  WrittenJob job;
  const auto* const bytes = job.memory.tile_bytes().data();
  std::memset(job.start(), 0xff, sizeof(JobHead));
  REQUIRE(job.memory.tile_bytes().data() == bytes);
  REQUIRE(job.memory.tile_bytes().size() == 7);
  REQUIRE(job.memory.results() == job.start() + job.head.results_at);
}

TEST_CASE("what is to be computed tile by tile is known to those who look next") {
  WrittenJob job;
  const JobMemory before = job.seen();
  job.memory.set_one_by_one();
  REQUIRE((before.head().one_by_one == 0 && job.seen().head().one_by_one == 1));
  REQUIRE(job.memory.head().one_by_one == 1);
}
