// Memory that runs out: every allocation of the caller in turn, and a /dev/shm too small for what a
// job needs of its own. A program of its own, since it replaces the global operator new.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <new>
#include <string>

#include <tessera.hpp>

#include "support/address_sanitizer.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sys/wait.h>
#else
#include <malloc.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::Error;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

/// How many allocations of this thread go well before one fails; negative: all do.
thread_local long allocations_left = -1;
int whose = 0;  // the process that this is about: keeper and workers have their own memory

#if defined(TESSERA_POSIX)
void* aligned(std::size_t alignment, std::size_t bytes) {
  return std::aligned_alloc(alignment, bytes);
}
void give_back(void* memory) { std::free(memory); }
#else
void* aligned(std::size_t alignment, std::size_t bytes) {
  return ::_aligned_malloc(bytes, alignment);
}
void give_back(void* memory) { ::_aligned_free(memory); }
#endif

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (allocations_left >= 0 && host::own_pid() == whose && allocations_left-- == 0)
    throw std::bad_alloc();
  bytes = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void* const memory = aligned(alignment, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* allocate_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  try {
    return allocate(bytes, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

// All forms that can be replaced, for else one would take the standard's memory and another free
// it. Never inlined: compilers would see free() for what new gave.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return allocate(bytes, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t,
                                       const std::nothrow_t&) noexcept {
  give_back(memory);
}
namespace {

/// Of so many allocations one fails. Where they are slow there is too little time for each: under a
/// sanitizer, or pools whose processes start from nothing.
#if defined(TESSERA_ADDRESS_SANITIZER)
constexpr int of_arrays = 4, of_pools = 4;
#elif defined(TESSERA_WIN32)
constexpr int of_arrays = 1, of_pools = 4;
#else
constexpr int of_arrays = 1, of_pools = 1;
#endif

/// True if this process has no child, once those that have ended are collected.
bool childless() {
#if defined(TESSERA_POSIX)
  return ::waitpid(-1, nullptr, WNOHANG) < 0;
#else
  return children_of(host::own_pid()).empty();
#endif
}

/// Runs `work` again and again, each time with another allocation that fails, until none does.
/// Whatever it throws is an Error or std::bad_alloc, and it leaves neither a name nor a process.
template <class Work>
int fail_each_allocation(int step, Work work) {
  for (int n = 0;; n += step) {
    bool failed = false;
    whose = host::own_pid();
    allocations_left = n;
    try {
      work();
      failed = allocations_left < 0;
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const Error&) {
      failed = true;
    }
    allocations_left = -1;
    const auto where = " after allocation " + std::to_string(n) + " failed";
    must(host::segment_names().empty(), "no name is left" + where);
    must(wait_until(childless), "no process" + where);
    if (!failed) return n;
    must(n < 2000, "it goes well once no allocation fails");
  }
}

}  // namespace

TEST_CASE("whichever allocation of an array's life fails, nothing is left") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          const int tried = fail_each_allocation(of_arrays, [name = unique_name()] {
            auto a = SharedArray<double, 3>::create(name, {4, 5, 6});
            const auto b = SharedArray<const double, 3>::attach(name);
            a = b + 1.0;
            const auto copy = SharedArray<double, 3>::copy_of(2.0 * b);
            must(copy(0, 0, 0) == 2, "the copy is right");
            must(tessera::catalog::list().size() == 2, "both are listed");
          });
          must(tried > 20, std::to_string(tried) + " allocations were tried");
        }) == "");
}

TEST_CASE("whichever allocation of a pool's life fails, nothing is left") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          const int tried = fail_each_allocation(of_pools, [name = unique_name()] {
            TiledPool pool(2);
            auto a = SharedArray<int, 1>::create(name, {64}), b = SharedArray<int, 1>::create({64});
            const auto results = pool.map(
                {4},
                [](auto o, auto i) {
                  o = i + 1;
                  return 1;
                },
                into(a), b);
            must(results.size() == 16 && a(63) == 1, "the job is right");
            pool.transform(b, std::plus<>{}, a, b);
            must(b(63) == 1, "the next is");
          });
          must(tried > 30, std::to_string(tried) + " allocations were tried");
        }) == "");
}

TEST_CASE("whichever allocation of an asynchronous job fails, nothing is left") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          const int tried = fail_each_allocation(of_pools, [name = unique_name()] {
            TiledPool pool(2);
            auto a = SharedArray<int, 1>::create(name, {64});
            auto job = pool.map_async(
                {4},
                [](auto o) {
                  o = 7;
                  return 1;
                },
                into(a));
            must(job.get().size() == 16 && a(63) == 7, "the job is right");
          });
          must(tried > 20, std::to_string(tried) + " allocations were tried");
        }) == "");
}

#if defined(TESSERA_POSIX)  // memory can't be made small
TEST_CASE("a job that needs more memory of its own than there is is an Error, and the next works") {
  const Scene scene;
  CHECK(failure_in_private_shm(2 * MiB, [] {
          TiledPool pool(2);
          auto a = SharedArray<int, 1>::create({100'000});
          const auto one = [](auto v) {
            v = 1;
            return std::array<double, 8>{};
          };
          const auto error = error_of([&] { pool.map({1}, one, into(a)); });
          must(error.errc() == Errc::no_space, error.what());
          must(has(error.what(), "bytes"), error.what());
          must(a(0) == 0, "nothing has run");
          must(pool.map({1000}, one, into(a)).size() == 100, "the next job works");
          must(a(99'999) == 1, "and is right");
        }) == "");
}
#endif
