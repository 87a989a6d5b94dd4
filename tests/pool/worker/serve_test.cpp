// What a worker does for one job, on a board of the test's own.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>

#include <tessera/pool/board/round.hpp>
#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/job_buffer.hpp>
#include <tessera/pool/worker/context.hpp>
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
    detail::JobOrder order;
    order.arguments.push_back(detail::argument_of(into(a_)));
    order.kernel.resize(sizeof kernel);
    std::memcpy(order.kernel.data(), &kernel, sizeof kernel);
    order.serve = reinterpret_cast<const void*>(
        &detail::serve<Kernel, 1, tessera::Section<int, 1, tessera::Use::write>>);
    order.tiles = 1;
    order.axes = 1;
    order.grid[0] = order.tile[0] = 3;
    order.tile_timeout = 3'600'000'000'000;
    memory_ = buffer_.lay_out(order, board().commands());
    round().arm();
  }

  const detail::Board& board() const { return pool_memory_.board; }
  detail::TileState state() const { return round().state(0); }
  const SharedArray<int, 1>& array() const { return a_; }
  void serve() {
    detail::WorkerContext context(board(), memory_, 1, 0);
    context.add_argument(reinterpret_cast<std::byte*>(a_.data()), *a_.segment(), true);
    detail::serve<Kernel, 1, tessera::Section<int, 1, tessera::Use::write>>(context);
  }

 private:
  detail::Round round() const {
    return {board().membership(), board().ranges(), 1, memory_.tile_bytes()};
  }

  detail::PoolMemory pool_memory_{1};
  detail::JobBuffer buffer_;
  SharedArray<int, 1> a_ = SharedArray<int, 1>::create({3});
  detail::JobMemory memory_;
};

}  // namespace

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a tile that ends in time is done, and nobody ends its worker afterwards") {
  OneTile job([](auto v) { v = 7; });
  REQUIRE(failure_in_child([&] { job.serve(); }) == "");
  REQUIRE(job.state() == detail::TileState::done);
  REQUIRE(job.array()(2) == 7);
  REQUIRE_FALSE(
      job.board().clocks()[0].expire(std::numeric_limits<detail::TileClock::Time>::max()));
}

TEST_CASE("a worker whose tile is too late publishes nothing more and waits for its death") {
  static const detail::Board* board = nullptr;
  // The keeper's word comes while the kernel runs.
  OneTile job([](auto v) {
    v = 7;
    must(board->clocks()[0].expire(detail::TileClock::now() + 7'200'000'000'000),
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
