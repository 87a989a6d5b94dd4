#include <tessera/pool/caller/job_runner.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::JobOptions;
using tessera::SharedArray;
using tessera::detail::JobRunner;
using tessera::detail::LogReader;
using tessera::detail::PoolMemory;
using tessera::detail::WaitStrategy;

namespace {

/// Runs jobs in this process, and what they are about.
struct RunnerHere {
  PoolMemory pool_memory{1};
  LogReader log{{}, nullptr, pool_memory.runner};
  JobRunner runner{pool_memory, nullptr, log, WaitStrategy::sleep, true, false};
  SharedArray<int, 1> array = SharedArray<int, 1>::create({10});

  /// Five tiles of two elements.
  template <class Kernel>
  auto order(const Kernel& kernel, const JobOptions& options = {}) {
    return tessera::detail::make_order<1>({1, false}, {2}, options, false, kernel, 0, into(array));
  }
  int sum() const { return std::accumulate(array.begin(), array.end(), 0); }
};

const auto adds_and_numbers = [](const tessera::Tile<1>& tile, auto v) {
  v += 1;
  return static_cast<int>(tile.number()) * 10;
};

}  // namespace

TEST_CASE("a job is run to its end and its results are copied out") {
  RunnerHere here;
  std::array<int, 5> results{};
  here.runner.run(here.order(adds_and_numbers).order, results.data());
  CHECK(here.sum() == 10);
  CHECK(results == std::array{0, 10, 20, 30, 40});
  const auto& report = here.runner.update_report();
  CHECK((report.tiles == 5 && report.rerun_tiles == 0 && report.workers_lost == 0));
  CHECK(report.tiles_per_worker == std::vector<std::size_t>{5});
}

TEST_CASE("a job that wants no tile runs none and leaves results alone") {
  RunnerHere here;
  std::array<int, 5> results{7, 7, 7, 7, 7};
  here.runner.run(here.order(adds_and_numbers, {.only = std::vector<std::size_t>{}}).order,
                  results.data());
  CHECK(here.sum() == 0);
  CHECK(results == std::array{7, 7, 7, 7, 7});
  CHECK(here.runner.update_report().tiles == 0);
}

TEST_CASE("a job that was cancelled before its first round begins no tile") {
  RunnerHere here;
  auto typed = here.order(adds_and_numbers);
  typed.order.cancel = std::make_shared<tessera::detail::CancelToken>();
  typed.order.cancel->request();
  const auto error = job_error_of([&] { here.runner.run(typed.order, nullptr); });
  CHECK(error.errc() == Errc::cancelled);
  CHECK(error.unfinished == std::vector<std::size_t>{0, 1, 2, 3, 4});
  CHECK(here.sum() == 0);
}

TEST_CASE("no round is armed when a job has ended, and the next job has another") {
  RunnerHere here;
  auto typed = here.order(adds_and_numbers);
  typed.order.cancel = std::make_shared<tessera::detail::CancelToken>();
  here.runner.run(typed.order, nullptr);
  const auto first = typed.order.cancel->round();
  CHECK(here.pool_memory.board.commands().gate.round.load() == 0);
  here.runner.run(typed.order, nullptr);
  CHECK(typed.order.cancel->round() > first);
}

TEST_CASE("a job whose kernel threw leaves nothing to the next job's report") {
  RunnerHere here;
  const auto throws = [](auto) { throw std::runtime_error("no"); };
  CHECK(job_error_of([&] { here.runner.run(here.order(throws).order, nullptr); }).errc() ==
        Errc::kernel_failed);
  CHECK(here.runner.update_report().tiles_per_worker == std::vector<std::size_t>{0});
  here.runner.run(here.order(adds_and_numbers).order, nullptr);
  CHECK(here.runner.update_report().tiles_per_worker == std::vector<std::size_t>{5});
  CHECK_FALSE(here.pool_memory.board.replies().failures.any());
}

TEST_CASE("a report counts the user's tiles where these are computed in slabs") {
  RunnerHere here;
  auto typed =
      tessera::detail::make_order<1>({1, false}, {1}, {}, false, add_one, 5, into(here.array));
  REQUIRE(typed.order.slabs_per_tile == 2);
  here.runner.run(typed.order, nullptr);
  CHECK(here.sum() == 10);
  CHECK(here.runner.update_report().tiles == 5);
  CHECK(here.runner.update_report().tiles_per_worker == std::vector<std::size_t>{5});
}
