// What holds for pools by spawn on every system: what kernels find in workers that began anew, and
// other threads of the caller.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <dlfcn.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

const tessera::PoolOptions spawned{.start_method = StartMethod::spawn};

int global = 1;
double doubled(double x) { return 2 * x; }

#if defined(TESSERA_POSIX)
constexpr const char* null_device = "/dev/null";
void load_and_unload() {
  if (void* const library = ::dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL)) ::dlclose(library);
}
#else
constexpr const char* null_device = "NUL";
void load_and_unload() {
  if (const auto library = ::LoadLibraryA("version.dll")) ::FreeLibrary(library);
}
#endif

/// The start methods that a pool may have amid other threads, here.
std::vector<StartMethod> methods_amid() {
  std::vector<StartMethod> out{StartMethod::spawn};
  if constexpr (host::can_fork) out.push_back(StartMethod::fork_with_threads);
  return out;
}

/// What other threads of a program are in the middle of while it makes pools.
enum class Amid { malloc, streams, loader, initialiser };

/// Does it over and over until `over`; counts the times.
void busy_with(Amid what, const std::atomic<bool>& over, std::atomic<long>& times) {
  std::FILE* const nowhere = std::fopen(null_device, "w");
  if (what == Amid::initialiser) {
    static const long waited = [&] {
      ++times;
      while (!over.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return times.load();
    }();
    static_cast<void>(waited);
  }
  for (; !over.load(); ++times) {
    if (what == Amid::malloc) std::vector<char>(5000)[17] = 1;
    if (what == Amid::streams) std::fprintf(nowhere, "%d", 7);
    if (what == Amid::loader) load_and_unload();
  }
  std::fclose(nowhere);
}

/// Makes so many pools meanwhile, each of which must compute a job that allocates, prints and
/// initialises. In a process of its own.
std::string failure_amid(Amid what, StartMethod method, int pools) {
  return failure_apart([&] {
    std::atomic<bool> over{false};
    std::atomic<long> times{0};
    std::vector<std::thread> others;
    for (int k = 0; k < 2; ++k) others.emplace_back([&] { busy_with(what, over, times); });
    must(wait_until([&] { return times.load() > 0; }), "the others are busy");
    for (int k = 0; k < pools; ++k) {
      TiledPool pool(1, {.start_method = method});
      auto a = SharedArray<int, 1>::create({10});
      auto job = pool.map_async(
          {3},
          [](auto v) {
            static const std::size_t length = std::string(100, 'x').size();
            std::fprintf(stdout, "%s", "");
            v = static_cast<int>(std::vector<int>(length, 3).back());
          },
          into(a));
      must(job.wait_for(std::chrono::seconds(20)), "the job ends");
      job.get();
      for (const int element : a) must(element == 3, "and is right");
    }
    over.store(true);
    for (auto& other : others) other.join();
  });
}

}  // namespace

TEST_CASE("spawned workers find globals as they were when the program began") {
  const Scene scene;
  global = 2;
  TiledPool pool(2, spawned);
  auto a = SharedArray<int, 1>::create({10});
  pool.map(
      {1}, [](auto v) { v = global; }, into(a));
  for (const int element : a) REQUIRE(element == 1);
}

TEST_CASE("a pointer to a function is a kernel for spawned workers too") {
  const Scene scene;
  TiledPool pool(2, spawned);
  auto a = SharedArray<double, 1>::create({100}), out = SharedArray<double, 1>::create({100});
  std::fill(a.begin(), a.end(), 1.5);
  pool.transform(out, doubled, a);
  for (const double element : out) REQUIRE(element == 3);
}

TEST_CASE("an address of the program is refused in kernels for workers that have it elsewhere") {
  const Scene scene;
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  if (method == StartMethod::fork && !host::can_fork) return;
  TiledPool pool(1, {.start_method = method});
  auto a = SharedArray<int, 1>::create({10});
  const auto run = [&] {
    const int* const pointer = &global;
    pool.map(
        {10}, [pointer](auto v) { v = *pointer == 0; }, into(a));
  };
  if (method == StartMethod::fork) {
    REQUIRE_NOTHROW(run());
  } else {
    REQUIRE(error_of(run).errc() == Errc::captured_address);
  }
}

TEST_CASE("the thread of another pool's asynchronous jobs is in no pool's way") {
  const Scene scene;
  const auto method = host::can_fork ? StartMethod::fork : StartMethod::spawn;
  TiledPool first(1, {.start_method = method});
  auto a = SharedArray<int, 1>::create({10});
  first
      .map_async(
          {1}, [](auto v) { v = 1; }, into(a))
      .get();
  TiledPool second(1, {.start_method = method});
  CHECK(second.workers() == 1);
}

TEST_CASE("pools are made while other threads allocate, print, load libraries and initialise") {
  const Scene scene;
  const auto what = GENERATE(Amid::malloc, Amid::streams, Amid::loader, Amid::initialiser);
  for (const auto method : methods_amid()) {
    CAPTURE(what, method);
    REQUIRE(failure_amid(what, method, 5) == "");
  }
}

TEST_CASE("soak: a thousand pools made amid other threads", "[.soak]") {
  for (const auto what : {Amid::malloc, Amid::streams, Amid::loader, Amid::initialiser})
    for (const auto method : methods_amid()) REQUIRE(failure_amid(what, method, 1000) == "");
  std::printf("1000 pools each while others allocate, print, load and initialise: all computed\n");
}
