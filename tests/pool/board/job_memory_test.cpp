#include <tessera/pool/board/job_memory.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <tessera.hpp>
#include <tessera/pool/caller/arguments.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using tessera::SharedArray;
using namespace tessera_test;
using tessera::detail::JobHead;
using tessera::detail::JobMemory;
using tessera::detail::JobOrder;
using tessera::detail::TileState;

namespace {

/// An order on two arrays, written into memory that was full of other bytes.
struct Written {
  SharedArray<double, 3> a = SharedArray<double, 3>::create({4, 5, 6});
  SharedArray<double, 2> b = SharedArray<double, 2>::create({5, 6});
  JobOrder order;
  JobHead head;
  std::vector<std::uint64_t> words;
  JobMemory memory;

  explicit Written(std::optional<std::vector<std::size_t>> only = {}) {
    order.arguments.push_back(tessera::detail::argument_of(tessera::into(a)).order);
    order.arguments.push_back(
        tessera::detail::argument_of(tessera::into(xt::view(b, xt::all(), xt::range(1, 6, 2))))
            .order);
    order.kernel.resize(37);
    for (std::size_t i = 0; i < order.kernel.size(); ++i) order.kernel[i] = std::byte(i + 1);
    order.tiles = 7;
    order.grain = 3;
    order.result_size = 12;
    order.axes = 2;
    order.grid = {5, 6};
    order.tile = {2, 4};
    order.only = std::move(only);
    head = JobMemory::plan(order);
    words.assign(head.bytes / 8 + 8, 0xaaaaaaaaaaaaaaaa);
    memory = JobMemory(start(), head);
    memory.write(order);
  }
  std::byte* start() { return reinterpret_cast<std::byte*>(words.data()); }
  /// As a worker sees it.
  JobMemory seen() { return {start(), words.size() * 8}; }
};

}  // namespace

TEST_CASE("a worker reads from job memory what the caller ordered") {
  Written job;
  const JobMemory memory = job.seen();
  REQUIRE(memory.head().tiles == 7);
  REQUIRE(memory.head().grain == 3);
  REQUIRE((memory.grid()[0] == 5 && memory.grid()[1] == 6));
  REQUIRE((memory.tile()[0] == 2 && memory.tile()[1] == 4));
  REQUIRE(std::equal(job.order.kernel.begin(), job.order.kernel.end(), memory.kernel()));
  REQUIRE(memory.arguments().size() == 2);
  const auto& a = memory.arguments()[0];
  const auto& b = memory.arguments()[1];
  REQUIRE((memory.place(a) == job.a.name() && memory.place(b) == job.b.name()));
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
  Written job;
  const auto* const bytes = job.memory.tile_bytes().data();
  std::memset(job.start(), 0xff, sizeof(JobHead));
  REQUIRE(job.memory.tile_bytes().data() == bytes);
  REQUIRE(job.memory.tile_bytes().size() == 7);
  REQUIRE(job.memory.results() == job.start() + job.head.results_at);
}

TEST_CASE("a byte that is written over what a job asks for is noticed, wherever it is") {
  Written job;
  const std::size_t alone = offsetof(JobHead, alone);
  for (std::size_t at = 0; at < job.head.tile_bytes_at; ++at) {
    if (at >= alone && at < alone + 8) continue;  // that of a later round
    auto& byte = job.start()[at];
    const auto before = std::exchange(byte, byte ^ std::byte(1 << at % 8));
    INFO("byte " << at);
    const auto error = error_of([&] { job.seen(); });
    CHECK(error.errc() == tessera::Errc::kernel_failed);
    CHECK(has(error.what(), "written over it"));
    byte = before;
  }
  CHECK(job.seen().head().seal == job.memory.head().seal);
}

TEST_CASE("a job that would not fit into its memory is noticed") {
  Written job;
  for (const std::size_t room : {std::size_t{0}, std::size_t{8}, sizeof(JobHead) - 1,
                                 sizeof(JobHead), std::size_t(job.head.bytes - 1)})
    CHECK_THROWS_AS(JobMemory(job.start(), room), tessera::Error);
  CHECK(JobMemory(job.start(), job.head.bytes).head().tiles == 7);
}

TEST_CASE("what is to be computed tile by tile is known to those who look next") {
  Written job;
  const JobMemory before = job.seen();
  job.memory.compute_tiles_alone();
  REQUIRE((before.head().alone == 0 && job.seen().head().alone == 1));
  REQUIRE(job.memory.head().alone == 1);
}

TEST_CASE("every tile of a new job is open") {
  const Written job;
  for (const auto& byte : job.memory.tile_bytes())
    REQUIRE(byte.load() == static_cast<std::uint8_t>(TileState::open));
}

TEST_CASE("tiles that are not asked for are done before the job begins") {
  const Written job(std::vector<std::size_t>{1, 6});
  for (std::size_t k = 0; k < 7; ++k)
    REQUIRE(job.memory.tile_bytes()[k].load() ==
            static_cast<std::uint8_t>(k == 1 || k == 6 ? TileState::open : TileState::done));
}

TEST_CASE("the parts of job memory follow each other and end where it was planned") {
  Written job;
  const auto& head = job.head;
  REQUIRE(head.grid_at >= sizeof(JobHead));
  REQUIRE(head.arguments_at >= head.grid_at + 2 * 2 * 8);
  const auto& last = job.memory.arguments()[1];
  REQUIRE(last.place_at + last.place_size <= head.kernel_at);
  REQUIRE(head.kernel_at + head.kernel_size <= head.tile_bytes_at);
  REQUIRE(head.tile_bytes_at + head.tiles <= head.results_at);
  REQUIRE(head.results_at + 7 * 12 <= head.bytes);
  REQUIRE(
      (head.tile_bytes_at % tessera::cache_line == 0 && head.kernel_at % tessera::cache_line == 0));
  // Nothing is written behind its end.
  const auto* const end = job.start() + head.results_at;
  REQUIRE(std::all_of(end, end + 7 * 12, [](std::byte b) { return b == std::byte(0xaa); }));
}

TEST_CASE("results of tiles that were not asked for are left alone") {
  const Written job(std::vector<std::size_t>{2, 3});
  for (std::size_t i = 0; i < 7 * 12; ++i) job.memory.results()[i] = std::byte(1);
  std::array<std::byte, 7 * 12> results{};
  job.memory.copy_results(job.order, results.data());
  for (std::size_t i = 0; i < results.size(); ++i)
    REQUIRE(results[i] == std::byte(i / 12 == 2 || i / 12 == 3 ? 1 : 0));
}

TEST_CASE("results beyond any memory are an Error before anything is written") {
  JobOrder order;
  order.tiles = std::size_t{1} << 50;
  order.result_size = 65536;
  REQUIRE_THROWS_AS(JobMemory::plan(order), tessera::Error);
}
