// What a worker does for one job, on a board of the test's own.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>

#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/job_buffer.hpp>
#include <tessera/pool/worker/serve.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
namespace detail = tessera::detail;

namespace {

/// One job of one tile with an hour to compute it, and the worker in place 0.
template <class Kernel>
class OneTile {
 public:
  explicit OneTile(const Kernel& kernel) {
    auto argument = detail::argument_of(into(a_));
    detail::JobOrder order;
    order.arguments.push_back(argument.order);
    order.kernel.resize(sizeof kernel);
    std::memcpy(order.kernel.data(), &kernel, sizeof kernel);
    order.serve = reinterpret_cast<const void*>(
        &detail::serve<Kernel, 1, tessera::Section<int, 1, tessera::Use::write>>);
    order.tiles = 1;
    order.axes = 1;
    order.grid[0] = order.tile[0] = 3;
    order.tile_deadline = 3'600'000'000'000;
    memory_ = room_.lay_out(order, premises_.board.head());
    detail::Round(premises_.board.crew(), 1, memory_.tile_bytes()).arm();
  }

  const detail::Board& board() const { return premises_.board; }
  detail::TileState state() const {
    return detail::Round(board().crew(), 1, memory_.tile_bytes()).state(0);
  }
  const SharedArray<int, 1>& array() const { return a_; }
  /// What job memory says of its only argument.
  std::uint64_t& extent() const {
    return const_cast<std::uint64_t&>(*memory_.shape(memory_.arguments()[0]));
  }
  std::uint64_t& tile() const { return const_cast<std::uint64_t&>(*memory_.tile()); }
  std::int64_t& stride() const {
    return const_cast<std::int64_t&>(*memory_.strides(memory_.arguments()[0]));
  }

  void serve() {
    detail::Turn turn(board(), memory_, 1, 0);
    turn.places.emplace_back(reinterpret_cast<std::byte*>(a_.data()), *a_.segment(), true);
    detail::serve<Kernel, 1, tessera::Section<int, 1, tessera::Use::write>>(turn);
  }

 private:
  detail::Premises premises_{1};
  detail::JobRoom room_;
  SharedArray<int, 1> a_ = SharedArray<int, 1>::create({3});
  detail::JobMemory memory_;
};

}  // namespace

TEST_CASE("a worker begins nothing where job memory, written over, has an array elsewhere") {
  constexpr auto big = std::int64_t{1} << 62;
  // Of three elements; in bytes the stride `big` is 0: the first of them, for ever.
  const auto [extent, stride] = GENERATE_COPY(table<std::int64_t, std::int64_t>(
      {{4, 1}, {3, 2}, {2, -1}, {4, 0}, {big, 0}, {big, 1}, {big + 3, big}, {3, -big}, {3, big}}));
  OneTile job([](auto v) { v = 7; });
  job.extent() = static_cast<std::uint64_t>(extent);
  job.stride() = stride;
  const auto error = error_of([&] { job.serve(); });
  CHECK(error.errc() == tessera::Errc::kernel_failed);
  CHECK(has(error.what(), "written over it"));
  CHECK(job.state() == detail::TileState::open);
  for (const int element : job.array()) CHECK(element == 0);
}

TEST_CASE("a worker begins nothing where job memory, written over, tells of other tiles") {
  OneTile job([](auto v) { v = 7; });
  job.tile() = 1;
  CHECK(has(error_of([&] { job.serve(); }).what(), "what its tiles are"));
  CHECK(job.state() == detail::TileState::open);
  for (const int element : job.array()) CHECK(element == 0);
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a tile that ends in time is done, and nobody ends its worker afterwards") {
  OneTile job([](auto v) { v = 7; });
  REQUIRE(failure_in_child([&] { job.serve(); }) == "");
  REQUIRE(job.state() == detail::TileState::done);
  REQUIRE(job.array()(2) == 7);
  REQUIRE_FALSE(
      job.board().clocks()[0].condemn(std::numeric_limits<detail::TileClock::Time>::max()));
}

TEST_CASE("a worker whose tile is told of as too late says nothing more and waits for its death") {
  static const detail::Board* board = nullptr;
  // The keeper's word comes while the kernel runs.
  OneTile job([](auto v) {
    v = 7;
    must(board->clocks()[0].condemn(detail::TileClock::now() + 7'200'000'000'000),
         "its time is over");
  });
  board = &job.board();
  Child worker([&] { job.serve(); });
  REQUIRE(wait_until([&] { return job.array()(2) == 7 && asleep(worker.pid()); }));
  REQUIRE(job.state() == detail::TileState::started);
  worker.kill(SIGKILL);
  REQUIRE(worker.failure() == "killed by signal 9");
  REQUIRE(job.state() == detail::TileState::started);
}
#endif
