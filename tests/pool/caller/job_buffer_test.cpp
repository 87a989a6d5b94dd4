#include <tessera/pool/caller/job_buffer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/written_job.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::detail::JobHead;
using tessera::detail::JobOrder;
using tessera::detail::TileState;

TEST_CASE("every tile of a new job is open") {
  const WrittenJob job;
  for (const auto& byte : job.memory.tile_bytes())
    REQUIRE(byte.load() == static_cast<std::uint8_t>(TileState::open));
}

TEST_CASE("tiles that are not asked for are done before the job begins") {
  const WrittenJob job(std::vector<std::size_t>{1, 6});
  for (std::size_t k = 0; k < 7; ++k)
    REQUIRE(job.memory.tile_bytes()[k].load() ==
            static_cast<std::uint8_t>(k == 1 || k == 6 ? TileState::open : TileState::done));
}

TEST_CASE("the parts of job memory follow each other and end where it was planned") {
  WrittenJob job;
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
  const WrittenJob job(std::vector<std::size_t>{2, 3});
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
  WrittenJob job;
  job.order.serve = job.order.function = reinterpret_cast<const void*>(&tessera::detail::code_of);
  const auto kernel = GENERATE(as<std::size_t>(), 1, 4000, 100000);  // bytes
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
  WrittenJob job;
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

#if defined(TESSERA_POSIX)  // memory can't be made small here
TEST_CASE("results for which there is no memory are an Error that names the lack") {
  REQUIRE(failure_in_private_shm(8 * MiB, [] {
            struct Large {
              char bytes[4096];
            };
            auto a = SharedArray<int, 1>::create({4096});
            TiledPool pool(2);
            const auto error = error_of([&] {
              pool.map(
                  {1}, [](auto) { return Large{}; }, a);
            });
            must(error.errc() == Errc::no_space, error.what());
            pool.map(
                {1}, [](auto v) { v = 1; }, tessera::into(a));
            must(a(4095) == 1, "the pool works afterwards");
          }) == "");
}
#endif

TEST_CASE("the memory of a huge job is given back, that of a usual one kept") {
  WrittenJob job;
  job.order.serve = reinterpret_cast<const void*>(&tessera::detail::code_of);
  tessera::detail::JobBuffer buffer;
  tessera::detail::Commands commands;
  buffer.lay_out(job.order, commands);
  const auto usual = commands.memory_identity;
  buffer.release_if_large();
  buffer.lay_out(job.order, commands);
  CHECK(commands.memory_identity == usual);
  job.order.result_size = std::size_t{3} << 20;
  buffer.lay_out(job.order, commands);
  const std::string huge = commands.memory_name.data();
  buffer.release_if_large();
  CHECK_FALSE(exists(shm_path(huge)));
}

TEST_CASE("a kernel whose code is in no module is refused") {
  WrittenJob job;
  job.order.serve = &job;
  tessera::detail::JobBuffer buffer;
  tessera::detail::Commands commands;
  CHECK(error_of([&] { buffer.lay_out(job.order, commands); }).errc() == Errc::foreign_kernel);
}
