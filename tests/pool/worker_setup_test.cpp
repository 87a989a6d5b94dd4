// PoolOptions::each_worker: what runs in a worker before its first job.
#include <tessera/pool/worker_setup.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::Error;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::WorkerSetup;

namespace {

int setting = 0;    // what the setups below set
int how_often = 0;  // how many setups ran in this process

void make_setting() { setting = 7; }

/// The settings of the workers that computed these tiles.
auto settings(TiledPool& pool) {
  auto a = SharedArray<int, 1>::create({64});
  return pool.map(
      {1}, [](auto) { return setting; }, into(a));
}
bool all_are(const xt::xtensor<int, 1>& found, int wanted) {
  return xt::all(xt::equal(found, wanted));
}

/// A path that a setup can capture.
struct Path {
  std::array<char, 200> text{};
  explicit Path(const std::string& path) { path.copy(text.data(), text.size() - 1); }
  std::string str() const { return text.data(); }
};

/// A file in the folder of temporary files, which is gone with the object.
struct Flag {
  std::string path =
      (std::filesystem::temp_directory_path() / ("tessera-" + unique_name("flag"))).string();
  Flag() = default;
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;
  void raise() const { std::ofstream(path) << "raised"; }
  ~Flag() { std::filesystem::remove(path); }
};

/// The text of the Error with which the start of a pool fails.
std::string failed_start(WorkerSetup setup, bool caller_computes = false) {
  const auto error = error_of([&] {
    TiledPool pool(2, {.caller_computes = caller_computes, .each_worker = std::move(setup)});
  });
  CHECK(error.errc() == Errc::pool_unusable);
  return error.what();
}

}  // namespace

TEST_CASE("each worker is set up before its first tile") {
  TiledPool pool(3, {.each_worker = [] { setting = 5; }});
  CHECK(all_are(settings(pool), 5));
}

TEST_CASE("a setup has what it captures, and may take the worker's number") {
  const std::array<int, 3> numbers{10, 20, 30};
  TiledPool pool(3, {.each_worker = [numbers](std::size_t worker) { setting = numbers[worker]; }});
  const auto found = settings(pool);
  for (const int one : found) CHECK((one == 10 || one == 20 || one == 30));
}

TEST_CASE("a setup may be a function") {
  TiledPool pool(2, {.each_worker = make_setting});
  CHECK(all_are(settings(pool), 7));
}

TEST_CASE("a setup runs once in each worker, however many jobs follow") {
  TiledPool pool(2, {.each_worker = [] { setting = ++how_often; }});
  settings(pool);
  CHECK(all_are(settings(pool), 1));
}

TEST_CASE("a worker that replaces a dead one is set up too") {
  TiledPool pool(2, {.each_worker = [] { setting = 5; }});
  for (const int pid : pool.worker_pids()) kill_process(pid);
  CHECK(all_are(settings(pool), 5));
}

TEST_CASE("a caller that computes is set up as its workers are, and only it alone in its process") {
  setting = 0;
  TiledPool pool(2, {.caller_computes = true, .each_worker = [] { setting = 6; }});
  CHECK(setting == 6);
  CHECK(all_are(settings(pool), 6));
  setting = 0;
  const TiledPool others(1, {.each_worker = [] { setting = 8; }});
  CHECK(setting == 0);
}

TEST_CASE("a pool whose setup throws does not start, and its Error has the text") {
  const auto text = failed_start([] { throw std::runtime_error("no table here"); });
  CHECK(has(text, "PoolOptions::each_worker threw in worker"));
  CHECK(has(text, "no table here"));
}

TEST_CASE("a setup that throws something else than an exception is told too") {
  CHECK(has(failed_start([] { throw 3; }), "something that is no std::exception"));
}

TEST_CASE("a setup that fails in one worker only fails the start") {
  const auto text = failed_start([](std::size_t worker) {
    if (worker == 1) throw std::runtime_error("not the second");
  });
  CHECK(has(text, "in worker 1: not the second"));
}

TEST_CASE("a setup that throws in the caller fails the start") {
  const auto text = failed_start(
      [](std::size_t worker) {
        if (worker == 0) throw std::runtime_error("not here");
      },
      true);
  CHECK(has(text, "in worker 0: not here"));
}

TEST_CASE("a setup that ends its process is told with how it ended") {
  CHECK(has(failed_start([] { std::exit(3); }), "in PoolOptions::each_worker"));
  const auto text = failed_start([] { crash(); });
  CHECK(has(text, "worker "));
  CHECK(has(text, "in PoolOptions::each_worker"));
}

#if defined(TESSERA_POSIX)
TEST_CASE("a worker that dies while others are still set up is replaced, and the pool starts") {
  const Flag first, second;
  TiledPool pool(
      2, {.each_worker = [one = Path(first.path), two = Path(second.path)](std::size_t worker) {
        setting = 3;
        if (worker == 1) {
          must(wait_until([&] { return exists(two.str()); }), "worker 0 is set up again");
        } else if (exists(one.str())) {
          std::ofstream(two.str()) << "again";
        } else {
          std::ofstream(one.str()) << "once";
          std::thread([] {  // after its setup: when it waits for a job
            const int pid = tessera::host::own_pid();
            wait_until([&] { return asleep(pid); });
            kill_process(pid);
          })
              .detach();
        }
      }});
  CHECK(all_are(settings(pool), 3));
}
#endif

TEST_CASE("a start that fails does not wait for workers that are still set up") {
  const auto began = std::chrono::steady_clock::now();
  failed_start([](std::size_t worker) {
    if (worker == 0) throw std::runtime_error("not the first");
    std::this_thread::sleep_for(std::chrono::seconds(60));
  });
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
}

TEST_CASE("after a start that failed another pool starts") {
  failed_start([] { throw std::runtime_error("no table here"); });
  TiledPool pool(2);
  check_a_job(pool);
}

TEST_CASE("a setup that captures an address is refused before a process starts") {
  int local = 0;
  const auto error =
      error_of([&] { TiledPool pool(2, {.each_worker = [&local] { setting = local; }}); });
  CHECK(error.errc() == Errc::captured_address);
  CHECK(has(error.what(), "PoolOptions::each_worker: it holds an address"));
}

TEST_CASE("allow_addresses turns the search in a setup off") {
  int local = 0;
  TiledPool pool(1, {.caller_computes = true,
                     .each_worker = tessera::allow_addresses([&local] { local = 4; })});
  CHECK(local == 4);
}

TEST_CASE(
    "workers that can't be set up any more: the job says why, and the pool works once they can") {
  const Flag flag;
  TiledPool pool(2, {.each_worker = [path = Path(flag.path)] {
                   if (std::filesystem::exists(path.str()))
                     throw std::runtime_error("the flag is up");
                   setting = 9;
                 }});
  flag.raise();
  for (const int pid : pool.worker_pids()) kill_process(pid);
  const auto error = error_of([&] { settings(pool); });
  CHECK(error.errc() == Errc::pool_unusable);
  CHECK(has(error.what(), "the flag is up"));
  std::filesystem::remove(flag.path);
  CHECK(all_are(settings(pool), 9));
}

TEST_CASE("one worker that can't be set up any more does not keep the others from their job") {
  const Flag flag;
  TiledPool pool(2, {.each_worker = [path = Path(flag.path)](std::size_t worker) {
                   if (worker == 1 && std::filesystem::exists(path.str())) std::abort();
                   setting = 9;
                 }});
  flag.raise();
  kill_process(pool.worker_pids().back());
  auto a = SharedArray<int, 1>::create({400});
  pool.map({1}, add_one, into(a));
  const auto report = pool.report();
  CHECK(xt::sum(a)() == 400);
  CHECK(report.workers_lost <= 1);  // what fails in its setup was lost to no job
}

TEST_CASE("what a setup sets for its process is how each job begins") {
  TiledPool pool(1, {.each_worker = [] { std::filesystem::current_path("/"); }});
  auto a = SharedArray<int, 1>::create({1});
  for (int job = 0; job < 3; ++job) {
    const auto at_root = pool.map(
        {1},
        [](auto) {
          const bool out = std::filesystem::current_path().relative_path().empty();
          std::filesystem::current_path(std::filesystem::temp_directory_path());
          return out;
        },
        into(a));
    CHECK(at_root(0));
    pool.report();
  }
}

TEST_CASE("names that a setup creates stay as long as its worker") {
  const auto name = unique_name("of-setup");
  {
    TiledPool pool(1, {.each_worker = [path = Path(name)] {
                     static auto kept = SharedArray<double, 1>::create(path.str(), {4});
                     kept(0) = 2.5;
                   }});
    CHECK(SharedArray<const double, 1>::attach(name)(0) == 2.5);
  }
  CHECK_FALSE(exists(shm_path(name)));
}
