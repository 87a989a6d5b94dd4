#include <tessera/pool/worker/worker.hpp>

#include <array>
#include <cstddef>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sys/stat.h>
#endif

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::whole;

namespace {

#if defined(TESSERA_POSIX)

/// The lines of a process's memory map that are of this file: by inode, whatever its name is now.
std::vector<std::string> maps_of(int pid, ino_t inode) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::vector<std::string> out;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string range, access, offset, device;
    ino_t found = 0;
    words >> range >> access >> offset >> device >> found;
    if (found == inode && has(line, tessera::segment_folder())) out.push_back(line);
  }
  return out;
}

/// How many lines of it are of files in shared memory at all.
std::size_t shared_maps(int pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::size_t out = 0;
  for (std::string line; std::getline(maps, line);) out += has(line, tessera::segment_folder());
  return out;
}

template <class A>
ino_t inode_of(const A& array) {
  struct stat s {};
  REQUIRE(::stat(array.path().c_str(), &s) == 0);
  return s.st_ino;
}

int only_worker(const TiledPool& pool) {
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 1; }));
  return pool.worker_pids()[0];
}

#endif

/// An array that has ended here: whether a worker still has it mapped.
class Mapped {
 public:
  template <class A>
#if defined(TESSERA_POSIX)
  explicit Mapped(const A& array) : inode_(inode_of(array)), path_(array.path()) {
  }
  bool by(const TiledPool& pool) const {
    for (const int pid : pool.worker_pids())
      for (const auto& line : maps_of(pid, inode_))
        if (has(line, path_)) return true;  // a disk gives the inode to the next file
    return false;
  }

 private:
  ino_t inode_;
  std::string path_;
#else
  explicit Mapped(const A& array) : path_(array.path()) {
  }
  bool by(const TiledPool&) const { return exists(path_); }  // a name goes with the last mapping

 private:
  std::string path_;
#endif
};

}  // namespace

#if defined(TESSERA_POSIX)  // /proc
TEST_CASE("a worker attaches an array once and keeps the attachment from job to job") {
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1000});
  const int pid = only_worker(pool);
  REQUIRE(maps_of(pid, inode_of(a)).empty());
  pool.map({10}, add_one, into(a));
  const auto before = maps_of(pid, inode_of(a));
  REQUIRE(before.size() == 1);
  for (int round = 0; round < 10; ++round) pool.map({7}, add_one, into(a));
  REQUIRE(maps_of(pid, inode_of(a)) == before);
  REQUIRE(a(999) == 11);
}
#endif

TEST_CASE("an array that is only read is mapped without write access") {
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1000});
  auto out = SharedArray<int, 1>::create({1000});
  struct ReadOnly {
    bool out, a;
  };
  const auto there = pool.map(
      {1000},
      [](auto v, auto x) {
        v = x;
        return ReadOnly{is_read_only(&v(0)), is_read_only(&x(0))};
      },
      into(out), a)(0);
  CHECK(there.a);
  CHECK_FALSE(there.out);
}

TEST_CASE("idle workers let go of an array whose owner has ended") {
  TiledPool pool(2);
  std::optional a(SharedArray<int, 1>::create({100000}));
  const Mapped mapped(*a);
  pool.map({10}, add_one, into(*a));
  a.reset();
  REQUIRE(wait_until([&] { return !mapped.by(pool); }));
}

TEST_CASE("busy workers let go of arrays whose owners have ended") {
  TiledPool pool(1);
  auto out = SharedArray<int, 1>::create({100});
#if defined(TESSERA_POSIX)
  const int pid = only_worker(pool);
  pool.map({10}, add_one, into(out));
  const auto before = shared_maps(pid);
#endif
  std::vector<Mapped> tables;
  for (int round = 0; round < 300; ++round) {
    auto table = SharedArray<int, 1>::create({10});
    pool.map(
        {10}, [](auto v, auto t) { v = t(0); }, into(out), whole(table));
    tables.emplace_back(table);
#if defined(TESSERA_POSIX)
    REQUIRE(shared_maps(pid) <= before + 2);
#endif
    if (round % 30 != 29) continue;
    std::size_t mapped = 0;
    for (const auto& one : tables) mapped += one.by(pool);
    REQUIRE(mapped <= 2);
  }
}

#if defined(TESSERA_POSIX)  // nothing is kept
TEST_CASE("idle workers let go of a kept array that somebody has removed") {
  TiledPool pool(2);
  const auto name = unique_name();
  std::optional a(SharedArray<int, 1>::create(name, {100000}));
  const Mapped mapped(*a);
  a->keep();
  pool.map({10}, add_one, into(*a));
  a.reset();
  REQUIRE(SharedArray<int, 1>::remove(name));
  REQUIRE(wait_until([&] { return !mapped.by(pool); }));
}
#endif

#if defined(TESSERA_POSIX)  // /proc
TEST_CASE("idle workers let go of the memory of large results") {
  TiledPool pool(1);
  const int pid = only_worker(pool);
  auto a = SharedArray<int, 1>::create({1000});
  struct Large {
    char bytes[32768];
  };
  pool.map({10}, add_one, into(a));
  const auto before = shared_maps(pid);
  pool.map(
      {1}, [](auto) { return Large{}; }, a);
  REQUIRE(wait_until([&] { return shared_maps(pid) < before; }));  // the small memory went, too
  pool.map({10}, add_one, into(a));
  REQUIRE(a(999) == 2);
}
#endif

#if defined(TESSERA_POSIX)  // nothing is kept
TEST_CASE("an array that was kept and attached anew is still the workers' attachment") {
  TiledPool pool(1);
  const auto name = unique_name();
  {
    auto a = SharedArray<int, 1>::create(name, {100});
    a.keep();
    pool.map({10}, add_one, into(a));
  }
  auto again = SharedArray<int, 1>::attach(name);
  const int pid = only_worker(pool);
  const auto before = maps_of(pid, inode_of(again));
  REQUIRE(before.size() == 1);
  pool.map({10}, add_one, into(again));
  REQUIRE(maps_of(pid, inode_of(again)) == before);
  REQUIRE(again(99) == 2);
  REQUIRE(SharedArray<int, 1>::remove(name));
}
#endif

TEST_CASE("what a caller does as soon as a job has ended disturbs no worker that leaves late") {
  const auto name = unique_name("anew");
  TiledPool pool(4);
  for (int round = 0; round < 400; ++round) {
    // Fewer tiles than workers: most find nothing to do, whenever they come.
    // Where a name goes with the last mapping only, not the same.
    auto array = SharedArray<int, 1>::create(
        tessera::host::names_outlive_processes ? name : unique_name(), {2});
    array(0) = round;
    pool.map({1}, add_one, into(array));
    REQUIRE(array(0) == round + 1);
    if (round % 40 == 0) {  // its memory is given back at once
      struct Large {
        std::array<char, 60000> bytes;
      };
      auto many = SharedArray<char, 1>::create({400});
      const auto results = pool.map(
          {1}, [](auto) { return Large{}; }, many);
      REQUIRE(results.size() == 400);
    }
  }
}

TEST_CASE("an idle worker is inside no job, whatever was written over its place") {
  tessera::detail::PoolMemory pool_memory(1);
  auto& inside = pool_memory.board.workers()[0].inside;
  inside.store(3);
  int code = -1;
  std::thread worker([&] {
    const tessera::host::Modules none;
    code = tessera::detail::Worker(pool_memory.board, 0, false, tessera::detail::Affinity(), none)
               .run();
  });
  const bool left = wait_until([&] { return inside.load() == 0; });
  pool_memory.board.commands().closing.store(1);
  pool_memory.board.work_bell().ring();
  worker.join();
  REQUIRE(left);
  REQUIRE(code == 0);
}
