// Job memory as the caller writes it and workers read it.
#include <tessera/pool/caller/job_buffer.hpp>

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
    order.arguments.push_back(tessera::detail::argument_of(tessera::into(a)));
    order.arguments.push_back(
        tessera::detail::argument_of(tessera::into(xt::view(b, xt::all(), xt::range(1, 6, 2)))));
    order.kernel.resize(37);
    for (std::size_t i = 0; i < order.kernel.size(); ++i) order.kernel[i] = std::byte(i + 1);
    order.tiles = 7;
    order.grain = 3;
    order.result_size = 12;
    order.axes = 2;
    order.grid = {5, 6};
    order.tile = {2, 4};
    order.only = std::move(only);
    head = tessera::detail::plan_job(order);
    words.assign(head.bytes / 8 + 8, 0xaaaaaaaaaaaaaaaa);
    memory = JobMemory(start(), head);
    tessera::detail::JobWriter(memory).write(order);
  }
  std::byte* start() { return reinterpret_cast<std::byte*>(words.data()); }
  /// As a worker sees it.
  JobMemory seen() { return JobMemory(start()); }
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
  Written job;
  const auto* const bytes = job.memory.tile_bytes().data();
  std::memset(job.start(), 0xff, sizeof(JobHead));
  REQUIRE(job.memory.tile_bytes().data() == bytes);
  REQUIRE(job.memory.tile_bytes().size() == 7);
  REQUIRE(job.memory.results() == job.start() + job.head.results_at);
}

TEST_CASE("what is to be computed tile by tile is known to those who look next") {
  Written job;
  const JobMemory before = job.seen();
  job.memory.set_one_by_one();
  REQUIRE((before.head().one_by_one == 0 && job.seen().head().one_by_one == 1));
  REQUIRE(job.memory.head().one_by_one == 1);
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
  REQUIRE(last.path_at + last.path_size <= head.kernel_at);
  REQUIRE(head.kernel_at + head.kernel_size <= head.order_end);
  REQUIRE(head.order_end <= head.tile_bytes_at);
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
  copy_results(job.memory, job.order, results.data());
  for (std::size_t i = 0; i < results.size(); ++i)
    REQUIRE(results[i] == std::byte(i / 12 == 2 || i / 12 == 3 ? 1 : 0));
}

TEST_CASE("results beyond any memory are an Error before anything is written") {
  JobOrder order;
  order.tiles = std::size_t{1} << 50;
  order.result_size = 65536;
  REQUIRE_THROWS_AS(tessera::detail::plan_job(order), tessera::Error);
}

TEST_CASE("what workers write stands between pages of its own") {
  using tessera::detail::JobBuffer;
  Written job;
  job.order.serve = job.order.function = reinterpret_cast<const void*>(&tessera::detail::code_of);
  const std::size_t kernel = GENERATE(1, 4000, 100000);  // bytes
  job.order.kernel.resize(kernel);
  JobBuffer buffer;
  tessera::detail::Commands commands;
  const auto memory = buffer.lay_out(job.order, commands);
  const auto page = tessera::host::segment_page_size();
  const auto [begin, end] = commands.memory_writable;
  const auto offset = [&](const void* at) {  // from the start of the mapping
    return static_cast<std::size_t>(static_cast<const std::byte*>(at) - memory.start()) + 128;
  };
  REQUIRE((begin % page == 0 && end % page == 0));
  REQUIRE(offset(memory.kernel()) + kernel <= begin);
  REQUIRE(offset(memory.tile_bytes().data()) == begin);
  REQUIRE(offset(memory.results()) + 7 * 12 <= end);
}

TEST_CASE("job memory is replaced only where a job needs more") {
  Written job;
  job.order.serve = reinterpret_cast<const void*>(&tessera::detail::code_of);
  tessera::detail::JobBuffer buffer;
  tessera::detail::Commands commands;
  buffer.lay_out(job.order, commands);
  const auto first = commands.memory_identity;
  buffer.lay_out(job.order, commands);
  REQUIRE(commands.memory_identity == first);
  const bool longer_order = GENERATE(true, false);  // or larger results
  if (longer_order)
    job.order.kernel.resize(100000);
  else
    job.order.result_size = 100000;
  const auto memory = buffer.lay_out(job.order, commands);
  REQUIRE(commands.memory_identity != first);
  REQUIRE(memory.head().bytes >= 100000);
}
