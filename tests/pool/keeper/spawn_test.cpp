#include <tessera/pool/keeper/spawn.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include <tessera/pool/tiled_pool.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::StartMethod;
using tessera::TiledPool;
using tessera::WorkerSetup;
using tessera::detail::as_plan;
using tessera::detail::KeeperPlan;
using tessera::detail::PoolMemory;
using tessera::detail::SetupCode;
using tessera::host::Modules;

#if defined(TESSERA_POSIX)  // setenv, fork
TEST_CASE("a program that forgot to call run_as_worker is told to, and is no worse for it") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::setenv("TESSERA_TEST_FORGETS", "1", 1);
            const int nowhere = ::open("/dev/null", O_WRONLY);  // Catch2 complains of the argument
            ::dup2(nowhere, 1);
            ::dup2(nowhere, 2);
            for (int time = 0; time < 3; ++time) {
              const auto error =
                  error_of([] { TiledPool pool(2, {.start_method = StartMethod::spawn}); });
              must(error.errc() == Errc::pool_unusable, "it is an Error");
              must(has(error.what(), "run_as_worker(argc, argv)"), "that tells what to do");
            }
            ::unsetenv("TESSERA_TEST_FORGETS");
            TiledPool pool(2, {.start_method = StartMethod::spawn});
            must(pool.workers() == 2, "and nothing is in the way afterwards");
          }) == "");
}

TEST_CASE("a program that was started as a keeper and does not know it makes no pools") {
  const Scene scene;
  REQUIRE(failure_in_child([] {
            ::setenv("TESSERA_STARTED_BY_POOL", "1", 1);
            for (const auto method : {StartMethod::fork, StartMethod::spawn}) {
              const auto error = error_of([&] { TiledPool pool(2, {.start_method = method}); });
              must(error.errc() == Errc::pool_unusable && has(error.what(), "run_as_worker"),
                   "it is told what to do");
            }
            must(TiledPool::in_caller().workers() == 1, "but for those without processes");
          }) == "");
}
#endif

TEST_CASE("a plan comes back from its numbers, behind those before it") {
  const KeeperPlan plan{1, {7, 0, 12}, true, 5, {}};
  const auto numbers = tessera::detail::as_numbers({40, 41}, plan);
  CHECK((numbers[0] == 40 && numbers[1] == 41));
  const auto back = as_plan(numbers, 2, Modules::loaded_now());
  REQUIRE(back.has_value());
  CHECK_FALSE(tessera::detail::prints(numbers, 2));
  CHECK((back->first == 1 && back->spins));
  CHECK(back->cores == std::vector<int>{7, 0, 12});
  CHECK(back->library_threads == 5);
  CHECK_FALSE(static_cast<bool>(back->setup));
}

TEST_CASE("a setup comes back from a plan's numbers with all that it captures") {
  static std::array<int, 3> got{};
  const std::array<int, 3> given{4, 5, 6};
  const WorkerSetup setup([given](std::size_t worker) { got[worker] = given[worker]; });
  const KeeperPlan plan{0, {1}, false, 1, SetupCode(setup, true)};
  const auto numbers = tessera::detail::as_numbers({}, plan, true);
  const auto back = as_plan(numbers, 0, Modules::loaded_now());
  REQUIRE(back.has_value());
  CHECK(tessera::detail::prints(numbers, 0));
  CHECK(back->cores == std::vector<int>{1});
  back->setup(2);
  CHECK(got == std::array{0, 0, 6});
}

TEST_CASE("a setup that is a function comes back as that function") {
  static bool called = false;
  void (*const function)() = [] { called = true; };
  const KeeperPlan plan{0, {}, false, 1, SetupCode(WorkerSetup(function), true)};
  const auto back = as_plan(tessera::detail::as_numbers({}, plan), 0, Modules::loaded_now());
  REQUIRE(back.has_value());
  back->setup(0);
  CHECK(called);
}

TEST_CASE("a setup whose library the worker lacks is an Error that says so") {
  const KeeperPlan plan{0, {}, false, 1, SetupCode(WorkerSetup([] {}), true)};
  const auto error =
      error_of([&] { as_plan(tessera::detail::as_numbers({}, plan), 0, Modules()); });
  CHECK(error.errc() == Errc::foreign_kernel);
  CHECK(has(error.what(), "PoolOptions::each_worker"));
}

TEST_CASE("numbers that are no plan are refused") {
  const KeeperPlan plan{0, {1, 2}, false, 1, SetupCode(WorkerSetup([] {}), true)};
  const auto modules = Modules::loaded_now();
  auto numbers = tessera::detail::as_numbers({}, plan);
  for (std::size_t count = 0; count < numbers.size(); ++count) {
    const tessera::host::Numbers fewer(numbers.begin(),
                                       numbers.begin() + static_cast<std::ptrdiff_t>(count));
    CHECK_FALSE(as_plan(fewer, 0, modules).has_value());
  }
  numbers.push_back(0);
  CHECK_FALSE(as_plan(numbers, 0, modules).has_value());
  for (const std::size_t count : {std::size_t{4}, std::size_t{5}}) {  // of cores, of bytes
    numbers = tessera::detail::as_numbers({}, {});
    numbers[count] = std::uint64_t(-1);
    CHECK_FALSE(as_plan(numbers, 0, modules).has_value());
  }
}

TEST_CASE("the answer of a program that was started again is waited for") {
  const PoolMemory pool_memory(1);
  std::thread program([&] { tessera::detail::answer_handshake(pool_memory.board); });
  CHECK(tessera::detail::wait_for_handshake(pool_memory.board, [] { return false; }));
  program.join();
}

TEST_CASE("a program that ends without an answer is waited for no longer") {
  const PoolMemory pool_memory(1);
  CHECK_FALSE(tessera::detail::wait_for_handshake(pool_memory.board, [] { return true; }));
}

TEST_CASE("an answer just before the program's end counts") {
  const PoolMemory pool_memory(1);
  CHECK(tessera::detail::wait_for_handshake(pool_memory.board, [&] {
    tessera::detail::answer_handshake(pool_memory.board);
    return true;
  }));
}

TEST_CASE("a program that does not answer is told of with its end and with what to write") {
  const auto error = tessera::detail::no_handshake("ended with exit code 3");
  CHECK(error.errc() == Errc::pool_unusable);
  CHECK(has(error.what(), "(it ended with exit code 3)"));
  CHECK(has(error.what(), "run_as_worker(argc, argv)"));
  CHECK_FALSE(has(tessera::detail::no_handshake().what(), "(it"));
}
