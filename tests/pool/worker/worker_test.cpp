#include <tessera/pool/worker/worker.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>
#include <tessera/pool/caller/caller.hpp>

#include "support/catch.hpp"
#include "support/maps.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <dlfcn.h>
#include <link.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::whole;

namespace {

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
