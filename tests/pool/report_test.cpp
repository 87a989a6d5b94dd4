#include <tessera/pool/report.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <dlfcn.h>
#include <link.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::JobError;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;

TEST_CASE("a kernel's exception comes back with its text and its tile") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({40});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto) {
          if (tile.number() == 17) throw std::runtime_error("no rain in tile seventeen");
        },
        into(a));
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(has(error.what(), "no rain in tile seventeen"));
  REQUIRE(has(error.what(), "in tile 17"));
  REQUIRE(std::count(error.unfinished.begin(), error.unfinished.end(), 17) == 1);
  REQUIRE(error.unknown.empty());
}

TEST_CASE(
    "tiles that a failed job does not list are done and stay and the others are untouched or "
    "failed") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({500});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto v) {
          if (tile.number() % 100 == 60) throw 1;
          v = 1;
        },
        into(a));
  });
  std::vector<bool> unfinished(500, false);
  for (const auto tile : error.unfinished) unfinished.at(tile) = true;
  REQUIRE(std::is_sorted(error.unfinished.begin(), error.unfinished.end()));
  REQUIRE_FALSE(error.unfinished.empty());
  for (std::size_t k = 0; k < 500; ++k) REQUIRE(a(k) == (unfinished[k] ? 0 : 1));
}

TEST_CASE("a pool works after a kernel has thrown") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({50});
  for (int round = 0; round < 20; ++round) {
    REQUIRE_THROWS_AS(pool.map(
                          {3}, [](auto) { throw std::runtime_error("no"); }, a),
                      JobError);
    pool.map({3}, add_one, into(a));
    for (const int element : a) REQUIRE(element == round + 1);
  }
}

TEST_CASE("what a kernel throws need not be a std::exception") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({5});
  const auto error = job_error_of([&] {
    pool.map(
        {5}, [](auto) { throw 5; }, a);
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(has(error.what(), "in tile 0"));
}

TEST_CASE("an exception with a very long text comes back cut") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({5});
  const auto error = job_error_of([&] {
    pool.map(
        {5}, [](auto) { throw std::runtime_error("begins " + std::string(100000, 'x')); }, a);
  });
  REQUIRE(has(error.what(), "begins xxx"));
  REQUIRE(std::string(error.what()).size() > 1000);
  pool.map({5}, add_one, into(a));
}

TEST_CASE("a failure of the library inside a kernel tells what was wrong") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({5});
  const xt::xtensor<int, 1> four = xt::zeros<int>({4});
  static_cast<void>(four);
  const auto error = job_error_of([&] {
    pool.map(
        {5}, [](auto v) { v = xt::zeros<int>({4}); }, into(a));
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
}

TEST_CASE("the report counts the tiles of each worker") {
  auto pool = some_pool();
  auto a = SharedArray<int, 2>::create({30, 30});
  pool.map({4, 4}, add_one, into(a));
  const auto report = pool.report();
  REQUIRE(report.tiles == 64);
  REQUIRE(report.tiles_per_worker.size() == pool.workers());
  REQUIRE(std::accumulate(report.tiles_per_worker.begin(), report.tiles_per_worker.end(),
                          std::size_t{0}) == 64);
  REQUIRE(report.rerun_tiles == 0);
  REQUIRE(report.workers_lost == 0);
  REQUIRE(report.seconds > 0);
}

TEST_CASE("the report of a failed job counts what was done") {
  auto pool = some_pool();
  auto a = SharedArray<int, 1>::create({30});
  const auto error = job_error_of([&] {
    pool.map(
        {1},
        [](const Tile<1>& tile, auto) {
          if (tile.number() == 9) throw 1;
        },
        a);
  });
  const auto report = pool.report();
  REQUIRE(report.tiles == 30);
  REQUIRE(std::accumulate(report.tiles_per_worker.begin(), report.tiles_per_worker.end(),
                          std::size_t{0}) == 30 - error.unfinished.size());
}

TEST_CASE("jobs from several threads run one after the other and are all right") {
  auto pool = some_pool();
  auto shared = SharedArray<int, 1>::create({64});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      auto mine = SharedArray<int, 2>::create({16, 16});
      for (int round = 0; round < 40; ++round) {
        const int value = 1000 * t + round;
        const auto results = pool.map(
            {4, 4},
            [value](auto v) {
              v = value;
              return value;
            },
            into(mine));
        for (const int element : mine) wrong += element != value;
        for (const int result : results) wrong += result != value;
        pool.map({8}, add_one, into(shared));
      }
    });
  for (auto& thread : threads) thread.join();
  REQUIRE(wrong.load() == 0);
  for (const int element : shared) REQUIRE(element == 240);
}

TEST_CASE("a kernel can't start a job in the pool that runs it") {
  static std::optional<TiledPool> pool;
  static std::optional<SharedArray<int, 1>> array;
  array.emplace(SharedArray<int, 1>::create({4}));
  pool.emplace(TiledPool::in_caller());
  const auto error = job_error_of([&] {
    pool->map(
        {4},
        [](auto) {
          pool->map(
              {4}, [](auto) {}, *array);
        },
        *array);
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  pool->map({4}, add_one, into(*array));
  REQUIRE((*array)(3) == 1);
  pool.reset();
  array.reset();
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
            pool.map({1}, add_one, into(a));
            must(a(4095) == 1, "the pool works afterwards");
          }) == "");
}
#endif

TEST_CASE("results of more tiles than any memory can hold are an Error") {
  auto pool = some_pool();
  struct Large {
    char bytes[65536];
  };
  auto a = SharedArray<char, 2>::create({1, 12000000});
  auto b = SharedArray<char, 2>::create({12000000, 1});
  const auto error = error_of([&] {
    pool.map(
        {1, 1}, [](auto, auto) { return Large{}; }, a, b);
  });
  REQUIRE(error.errc() == Errc::no_space);
  pool.map({tessera::full, 1}, add_one, into(b));
  REQUIRE(b(11999999, 0) == 1);
}

#if defined(TESSERA_POSIX)  // names can't be removed
TEST_CASE("a name that now leads to another array is an Error") {
  TiledPool pool(2);
  const auto name = unique_name();
  auto first = SharedArray<int, 1>::create(name, {50});
  REQUIRE(::unlink(shm_path(name).c_str()) == 0);
  auto second = SharedArray<int, 1>::create(name, {50});
  const auto error = job_error_of([&] { pool.map({5}, add_one, into(first)); });
  REQUIRE(error.errc() == Errc::replaced);
  REQUIRE(has(error.what(), name));
  REQUIRE(error.unfinished.size() == 10);
  pool.map({5}, add_one, into(second));
  for (const int element : second) REQUIRE(element == 1);
  for (const int element : first) REQUIRE(element == 0);
  // Another worker would find the same: none is replaced for it.
  REQUIRE(job_error_of([&] { pool.map({5}, add_one, into(first)); }).errc() == Errc::replaced);
  REQUIRE(pool.report().workers_lost == 0);
}
#endif

#if defined(TESSERA_POSIX)  // files that are mapped can't be removed
TEST_CASE("a file that was replaced before the workers knew it is an Error") {
  const Folder folder;
  TiledPool pool(2);
  const auto path = folder.file("a.npy");
  auto first = SharedArray<int, 1>::create_file(path, {50});
  REQUIRE(::unlink(path.c_str()) == 0);
  auto second = SharedArray<int, 1>::create_file(path, {50});
  const auto error = job_error_of([&] { pool.map({5}, add_one, into(first)); });
  REQUIRE(error.errc() == Errc::replaced);
  pool.map({5}, add_one, into(second));
  REQUIRE(second(49) == 1);
}
#endif

#if defined(TESSERA_POSIX)  // another library
TEST_CASE("a kernel from a library that was loaded after the pool was made is an Error") {
  const auto caller = tessera::detail::start_pool(1, {});
  // A library of the C library's that no program of ours uses.
  void* const library = ::dlopen("libBrokenLocale.so.1", RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  struct link_map* map = nullptr;
  REQUIRE(::dlinfo(library, RTLD_DI_LINKMAP, &map) == 0);
  auto a = SharedArray<int, 1>::create({5});
  tessera::detail::JobOrder order;
  order.arguments.push_back(
      tessera::detail::argument_of(tessera::detail::section_of<tessera::Use::read>(a)));
  order.kernel.resize(1);
  order.tiles = 5;
  order.axes = 1;
  order.serve = reinterpret_cast<const void*>(map->l_addr);
  const auto error = job_error_of([&] { caller->run(order, nullptr); });
  REQUIRE(error.errc() == Errc::foreign_kernel);
  ::dlclose(library);
}
#endif

TEST_CASE("a pool that was moved from is an Error, and the pool it went to works") {
  auto first = some_pool();
  auto second = std::move(first);
  auto a = SharedArray<int, 1>::create({4});
  REQUIRE(error_of([&] { first.map({1}, add_one, into(a)); }).errc() == Errc::pool_unusable);
  second.map({1}, add_one, into(a));
  REQUIRE(a(3) == 1);
}
