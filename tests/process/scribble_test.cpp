// A worker that writes over what it shares with the others: the board and the job's memory. What
// caller and keeper write there is read-only to it: it ends by SIGSEGV. What workers write it can
// write over: that costs its job, the caller goes on, and nobody else is killed.
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <tessera.hpp>
#include <tessera/pool/board/board.hpp>

#include "support/catch.hpp"
#include "support/jobs.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/soak.hpp"

#if defined(TESSERA_POSIX)
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Error;
using tessera::into;
using tessera::JobError;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

/// What a worker writes where it should not: of what it can write.
struct Scribble {
  enum Where : unsigned { board = 1, job_memory = 2, both = 3 };
  unsigned where = both;
  int value = -1;  ///< of each byte; -1: random ones
  unsigned seed = 1;
  unsigned one_in = 1;  ///< of so many bytes one is written
  bool dies = false;
};

enum class What { board, job_memory, other };

enum class Protection { writable, read_only };

/// Calls f(what it is, first byte, end) for all memory that others have mapped too, and that is
/// protected like this.
template <class F>
void each_shared_mapping(F&& f, Protection wanted = Protection::writable) {
#if defined(TESSERA_POSIX)
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!has(line, wanted == Protection::writable ? "rw-s" : "r--s")) continue;
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream(line) >> std::hex >> from >> dash >> to;
    const auto what = has(line, "/dev/zero") || has(line, "/memfd:tessera") ? What::board
                      : has(line, tessera::segment_folder() + "tessera-")   ? What::job_memory
                                                                            : What::other;
    f(what, reinterpret_cast<unsigned char*>(from), reinterpret_cast<unsigned char*>(to));
  }
#else
  // By what it begins with: a job's memory is an array of bytes, and the board none.
  for (auto* at = static_cast<unsigned char*>(nullptr);;) {
    const auto region = memory_at(at);
    if (region.RegionSize == 0) return;
    at = static_cast<unsigned char*>(region.BaseAddress) + region.RegionSize;
    if (region.Type != MEM_MAPPED || region.State != MEM_COMMIT ||
        region.Protect != (wanted == Protection::writable ? PAGE_READWRITE : PAGE_READONLY))
      continue;
    auto* const from = static_cast<unsigned char*>(region.BaseAddress);
    const std::string_view first(static_cast<const char*>(region.AllocationBase), 128);
    f(!first.starts_with("\x93NUMPY") ? What::board
      : has(first, "|u1")             ? What::job_memory
                                      : What::other,
      from, at);
  }
#endif
}

/// Writes over all memory of this worker that others have mapped, but for arrays with names of
/// their own.
void scribble(const Scribble& how) {
  std::minstd_rand random(how.seed);
  each_shared_mapping(
      [&](What what, volatile unsigned char* at, const volatile unsigned char* end) {
        if (!(what == What::board && how.where & Scribble::board) &&
            !(what == What::job_memory && how.where & Scribble::job_memory))
          return;
        for (; at < end; ++at)
          if (how.one_in <= 1 || random() % how.one_in == 0)
            *at = how.value >= 0 ? static_cast<unsigned char>(how.value)
                                 : static_cast<unsigned char>(random());
      });
}

/// A job in which one tile scribbles, and what comes after it. A job's memory is written anew for
/// the next, so that this `must_go_on`; but not where workers that go by what they find in it may
/// have written over an array.
void suffer(const Scribble& how, bool must_go_on) {
  std::optional<TiledPool> pool(std::in_place, 2);
  auto a = SharedArray<int, 1>::create(unique_name(), {64});
  const auto compute = [&](bool scribbles) {
    auto job = pool->map_async(
        {4}, {.rerun = Rerun::allowed, .max_attempts = 1},
        [how, scribbles](const Tile<1>& tile, auto v) {
          v = static_cast<int>(tile.number());
          if (scribbles && tile.number() == 5) {
            scribble(how);
            if (how.dies) die();
          }
          return 1;
        },
        into(a));
    must(job.wait_for(25s), "the job ends");
    return job.get();
  };
  try {
    compute(true);
  } catch (const Error&) {
    // Whatever is told: the caller knows no better than the bytes.
  }
  // A pool that is asked again computes, or says that it can't.
  for (int again = 0; again < 3; ++again) {
    try {
      compute(false);
      for (int k = 0; k < 64; ++k) must(a(std::size_t(k)) == k / 4, "a later job is right");
    } catch (const Error&) {
      if (must_go_on) throw;
    }
  }
  pool.reset();
}

#if defined(TESSERA_POSIX)

/// How many processes /proc lists, once those that have ended are collected.
std::size_t processes() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  std::size_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc"))
    out += std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0])) != 0;
  return out;
}

/// In processes of their own, of which the first collects all others: whoever kills what it should
/// not kills none but these.
std::string failure_among_strangers(const std::function<void()>& body) {
  return failure_in_child([&] {
    leave_mounts();
    must(::unshare(CLONE_NEWPID) == 0, "unshare of process numbers works (run as root)");
    const auto failure = failure_in_private_shm(16 * MiB, [&] {
      must(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "a proc can be mounted");
      Child bystander([] {
        for (;;) ::pause();
      });
      body();
      must(wait_until([&] { return processes() == 2; }), "nobody else is left");
      must(!has_ended(bystander.pid()), "a bystander lives");
      must(host::segment_names().empty(), "no name is left");
    });
    must(failure.empty(), failure);
  });
}

#else

// Processes are told apart by handles here, and no pool has one of a stranger's.
std::string failure_among_strangers(const std::function<void()>& body) {
  return failure_in_private_shm(16 * MiB, body);
}

#endif

}  // namespace

TEST_CASE("a worker that writes all over the shared memory costs no more than its job") {
  const Scene scene;
  const auto value = GENERATE(-1, 0x00, 0x01, 0x7f, 0xff);
  const auto where = GENERATE(Scribble::board, Scribble::job_memory, Scribble::both);
  const bool dies = GENERATE(false, true);
  CAPTURE(value, where, dies);
  CHECK(failure_among_strangers([&] {
          suffer({where, value, 1, 1, dies}, (where & Scribble::board) == 0);
        }) == "");
}

TEST_CASE("a worker that writes over what the caller says dies, and its job is told of") {
  const Scene scene;
  const auto where = GENERATE(What::board, What::job_memory);
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({8});
  const auto error = job_error_of([&] {
    pool.map(
        {4},
        [where](const Tile<1>& tile, auto v) {
          v = 1;
          if (tile.number() != 1) return;
          each_shared_mapping(
              [where](What what, volatile unsigned char* at, const unsigned char*) {
                if (what == where) *at = 42;
              },
              Protection::read_only);
        },
        into(a));
  });
  CHECK(error.errc() == tessera::Errc::worker_died);
  CHECK(error.unknown == std::vector<std::size_t>{1});
  CHECK(has(error.what(), words_of_crash));
  pool.map(
      {1}, [](auto v) { v = 2; }, into(a));
  for (const int element : a) REQUIRE(element == 2);
}

TEST_CASE("every page of what the caller says is protected, header and control block too") {
  const Scene scene;
  TiledPool pool(1);
  auto bytes = SharedArray<std::uint64_t, 1>::create({2});
  pool.map(
      {2},
      [](auto found) {
        found = 0;
        each_shared_mapping(
            [&](What what, const unsigned char* at, const unsigned char* end) {
              if (what == What::board) found(0) += static_cast<std::uint64_t>(end - at);
              if (what == What::job_memory) found(1) += static_cast<std::uint64_t>(end - at);
            },
            Protection::read_only);
      },
      into(bytes));
  using tessera::detail::Commands, tessera::detail::ProcessSlot;
  CHECK(bytes(0) >= sizeof(Commands) + sizeof(ProcessSlot));
  CHECK(bytes(1) >= 2 * host::page_size());
}

TEST_CASE("a worker that rings and stops at random costs no more than its job") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({8});
  pool.map(
      {8},
      [](auto v) {
        v = 1;
        each_shared_mapping([](What what, auto* from, auto*) {
          if (what != What::board) return;
          auto& replies = *reinterpret_cast<tessera::detail::Replies*>(from);
          replies.stops.round.store(3);  // of a later job
          replies.work_bell.ring({});
        });
      },
      into(a));
  for (int value = 2; value < 5; ++value) {
    pool.map(
        {1}, [value](auto v) { v = value; }, into(a));
    for (const int element : a) REQUIRE(element == value);
  }
}

TEST_CASE("soak: workers that write all over the shared memory", "[.soak]") {
  const auto end = std::chrono::steady_clock::now() + soak_span();
  std::minstd_rand random(soak_seed());
  std::size_t trials = 0;
  for (; std::chrono::steady_clock::now() < end; ++trials) {
    const Scribble how{1 + static_cast<unsigned>(random() % 3),
                       random() % 2 ? -1 : static_cast<int>(random() % 256),
                       static_cast<unsigned>(random()), 1u << random() % 14, random() % 2 == 0};
    const auto failure = failure_among_strangers([&] { suffer(how, false); });
    CAPTURE(how.where, how.value, how.seed, how.one_in, how.dies);
    REQUIRE(failure == "");
  }
  std::printf("scribbles: %zu workers wrote all over what they share, 0 hangs, 0 others lost\n",
              trials);
}
