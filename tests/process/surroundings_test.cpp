// A pool in programs that treat it badly: no descriptors, no standard streams, another folder, far
// too many workers, an end after main.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/address_sanitizer.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;
namespace host = tessera::host;

TEST_CASE("a pool of 200 workers computes what one of two does, and ends") {
  const Scene scene;
  TiledPool pool(200);
  auto a = SharedArray<int, 1>::create({5000});
  for (int job = 1; job <= 3; ++job) {
    pool.map(
        {1}, [](auto v) { v += 1; }, into(a));
    for (const int element : a) REQUIRE(element == job);
  }
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 200; }));
  const auto pids = pool.worker_pids();
  pool = TiledPool::in_caller();
  REQUIRE(all_end(pids));
}

TEST_CASE("however few descriptors are left, making a pool works or is an Error, and leaves none") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(16 * MiB, [] {
            const auto open_ones = [] {
              std::size_t count = 0;
              for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
              return count;
            };
            const auto before = open_ones();
            int refused = 0, worked = 0;
            for (rlim_t limit = 0; limit < 40; ++limit) {
              struct rlimit old {};
              must(::getrlimit(RLIMIT_NOFILE, &old) == 0, "there is a limit");
              const struct rlimit low {
                limit, old.rlim_max
              };
              must(::setrlimit(RLIMIT_NOFILE, &low) == 0, "it can be lowered");
              try {
                TiledPool pool(2);
                check_a_job(pool);
                ++worked;
              } catch (const tessera::Error& error) {
                must(has(error.what(), "ulimit -n") || has(error.what(), "worker"), error.what());
                ++refused;
              }
              must(::setrlimit(RLIMIT_NOFILE, &old) == 0, "it can be raised");
              must(open_ones() == before, "no descriptor is left");
              must(wait_until([] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }), "no process");
            }
            must(refused > 3 && worked > 3,
                 std::to_string(refused) + " refused, " + std::to_string(worked) + " worked");
          }) == "");
}

#if !defined(TESSERA_ADDRESS_SANITIZER)
// A sanitizer needs terabytes of address space itself.
TEST_CASE("however little address space is left, a pool works or is an Error, and nothing stays") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            std::size_t pages = 0;
            std::ifstream("/proc/self/statm") >> pages;
            const auto now = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
            int refused = 0, worked = 0;
            // From what this process has already to what leaves room for all.
            for (std::size_t more = 0; more <= 24 * MiB; more += MiB / 2) {
              const auto failure = failure_in_child([&] {
                const struct rlimit low {
                  now + more, now + more
                };
                must(::setrlimit(RLIMIT_AS, &low) == 0, "address space can be limited");
                try {
                  TiledPool pool(2);
                  auto a = SharedArray<double, 2>::create("a", {1000, 500});
                  auto job = pool.map_async(
                      {10, 500}, [](auto v) { v = 2; }, into(a));
                  job.get();
                  must(a(999, 499) == 2, "the job is right");
                } catch (const tessera::Error&) {
                  ::_exit(7);
                } catch (const std::bad_alloc&) {
                  ::_exit(7);
                }
              });
              must(failure.empty() || failure == "exit status 7",
                   "with " + std::to_string(more) + " bytes: " + failure);
              failure.empty() ? ++worked : ++refused;
              must(wait_until([] { return host::segment_names().empty(); }), "no name is left");
            }
            must(refused > 3 && worked > 3,
                 std::to_string(refused) + " refused, " + std::to_string(worked) + " worked");
          }) == "");
}
#endif

TEST_CASE("whatever standard streams are closed, what is printed reaches no array and no pool") {
  const Scene scene(120);
  const int closed = GENERATE(range(0, 8));
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  INFO("closed, as bits: " << closed << (method == StartMethod::spawn ? ", spawn" : ", fork"));
  REQUIRE(failure_in_child([&] {
            const int nowhere = ::open("/dev/null", O_RDWR);
            for (const int stream : {0, 1, 2}) ::dup2(nowhere, stream);
            ::close(nowhere);
            for (const int stream : {0, 1, 2})
              if ((closed >> stream & 1) != 0) ::close(stream);
            const auto print = [] {
              std::printf("printed by printf\n"), std::fflush(stdout);
              std::cout << "printed by cout" << std::endl;
              std::cerr << "printed by cerr" << std::endl;
              for (const int stream : {0, 1, 2})
                must(::write(stream, "printed", 7) <= 7, "written at once");
              return 1;
            };
            auto a = SharedArray<int, 1>::create({1000});
            auto b = SharedArray<int, 1>::attach(a.name());
            print();
            TiledPool pool(2, {.start_method = method});
            print();
            const auto whole_file = [&] { return bytes_of(a.path()); };
            const auto before = whole_file();
            for (int job = 1; job <= 3; ++job) {
              pool.map(
                  {10}, [print](auto v) { print(), v += 1; }, into(a));
              print();
              auto c = SharedArray<int, 1>::create({1000});
              print();
              for (const int element : b) must(element == job, "the job is right");
              for (const int element : c) must(element == 0, "a new array is zero");
            }
            pool.map(
                {10}, [](auto v) { v -= 3; }, into(a));
            must(whole_file() == before, "header and control block are as they were");
            const auto pids = processes_of(pool);
            pool = TiledPool::in_caller();
            must(all_end(pids), "and the pool ends");
          }) == "");
}

TEST_CASE("a pool and arrays that end after main leave nothing") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(16 * MiB, [] {
            const auto child = ::fork();
            if (child == 0) {
              static TiledPool pool(2);
              static auto a = SharedArray<int, 1>::create("after-main", {100});
              pool.map(
                  {1}, [](auto v) { v += 3; }, into(a));
              static auto job = pool.map_async(
                  {1}, [](auto v) { v += 3; }, into(a));
              std::exit(0);
            }
            int status = -1;
            must(::waitpid(child, &status, 0) == child && status == 0, "it ends well");
            must(host::segment_names().empty(), "and leaves no name");
          }) == "");
}
