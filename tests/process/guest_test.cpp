// A kernel is a guest: what it changes, and how it ends, reaches neither a later one nor the
// caller.
#include <atomic>
#include <cfenv>
#include <clocale>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <locale>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/endings.hpp"
#include "support/jobs.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_MXCSR)
#include <xmmintrin.h>
#endif

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::Tile;
using tessera::TiledPool;

namespace {

/// How a thread rounds, and whether it has numbers below the smallest normal one: by computing.
int floats_seen() {
  volatile float one = 1, step = std::numeric_limits<float>::epsilon() * 0.75f,
                 tiny = std::numeric_limits<float>::min(), half = 0.5f;
  const bool up = one + step > one, down = -one - step < -one, small = tiny * half != 0;
  return (up ? 1 : 0) + (down ? 2 : 0) + (small ? 4 : 0);
}
constexpr int nearest = 7, upward = 5;

/// A changed environment of this thread's.
struct Floats {
  tessera::host::FloatEnvironment before = tessera::host::FloatEnvironment::now();
  explicit Floats(int rounding) { std::fesetround(rounding); }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  ~Floats() { before.set(); }
  static void flush_to_zero() {
#if defined(TESSERA_MXCSR)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
  }
};

/// Pools of every kind.
TiledPool any_pool() {
  const int kind = GENERATE(0, 1, 2, 3);
  if (kind == 0) return TiledPool(2);
  if (kind == 1) return TiledPool(2, {.start_method = StartMethod::spawn});
  if (kind == 2) return TiledPool(2, {.caller_computes = true});
  return TiledPool::in_caller();
}

/// What a called function may change of its process for good, in bits: those that are changed.
int changes_seen() {
  int out = std::locale() == std::locale::classic() ? 0 : 1;
  if (std::string(std::setlocale(LC_ALL, nullptr)) != "C") out |= 2;
  if (std::filesystem::current_path() == std::filesystem::current_path().root_path()) out |= 4;
#if defined(TESSERA_POSIX)
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  if (::sigismember(&mask, SIGUSR1) != 0) out |= 8;
  const auto umask = ::umask(077);
  ::umask(umask);
  if (umask == 0123) out |= 16;
#endif
  return out;
}
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
};
void change_all() {
  std::locale::global(std::locale(std::locale(), new Comma));
  std::setlocale(LC_NUMERIC, "C.UTF-8");
  std::filesystem::current_path(std::filesystem::current_path().root_path());
#if defined(TESSERA_POSIX)
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGUSR1);
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::umask(0123);
#endif
}
bool all_are(const SharedArray<int, 1>& a, int value) {
  for (const int element : a)
    if (element != value) return false;
  return true;
}

/// Kernels that end their process, and how that is told.
struct Way {
  int number;
  const char* told;
};
void end_by(int way) {
  switch (way) {
    case 0: std::exit(3);
    case 1: std::thread([] { std::exit(4); }).join(); break;
    case 2: std::printf("of the kernel;"); std::exit(0);
#if defined(TESSERA_POSIX)
    case 3: std::quick_exit(5);
    case 4: ::pthread_exit(nullptr);
    case 5: std::thread([] { throw 6; }).join();
#endif
  }
}

#if defined(TESSERA_POSIX)
// Of the program that is started again.
const struct GlobalAtEnd {
  ~GlobalAtEnd() {
    if (const char* const file = std::getenv("TESSERA_TEST_MARKS")) write_file(file, "global");
  }
} global_at_end;
#endif

}  // namespace

TEST_CASE("a kernel computes with the floating-point environment of its call") {
  const Scene scene;
  auto pool = any_pool();
  auto a = SharedArray<int, 1>::create({20});
  const auto look = [](auto v) { v = floats_seen(); };
  const auto all_saw = [&](int what) {
    for (const int element : a)
      if (element != what) return false;
    return true;
  };
  {
    const Floats floats(FE_UPWARD);
    pool.map({1}, look, into(a));
    REQUIRE(std::fegetround() == FE_UPWARD);
  }
  REQUIRE(all_saw(upward));
  pool.map({1}, look, into(a));
  REQUIRE(all_saw(nearest));
#if defined(TESSERA_MXCSR)
  {
    const Floats floats(FE_TONEAREST);
    Floats::flush_to_zero();
    pool.map({1}, look, into(a));
  }
  REQUIRE(all_saw(nearest - 4));
#endif
  pool.transform(
      a, [](int) { return floats_seen(); }, a);
  REQUIRE(all_saw(nearest));
}

TEST_CASE("an asynchronous kernel computes with the floating-point environment of its call") {
  const Scene scene;
  auto pool = any_pool();
  auto a = SharedArray<int, 1>::create({20});
  tessera::Job<void> job;
  {
    const Floats floats(FE_UPWARD);
    job = pool.map_async(
        {1}, [](auto v) { v = floats_seen(); }, into(a));
  }
  job.get();
  for (const int element : a) REQUIRE(element == upward);
}

TEST_CASE("what a kernel makes of the floating-point environment reaches no other tile") {
  const Scene scene;
  auto pool = any_pool();
  auto a = SharedArray<int, 1>::create({40});
  const auto leave_it_changed = [](const Tile<1>& tile, auto v) {
    v = floats_seen();
    if (tile.number() % 3 == 0) std::fesetround(FE_DOWNWARD);
    if (tile.number() % 3 == 1) Floats::flush_to_zero();
  };
  for (int job = 0; job < 3; ++job) {
    pool.map({1}, leave_it_changed, into(a));
    for (const int element : a) REQUIRE(element == nearest);
    REQUIRE(floats_seen() == nearest);  // the caller's share is its own
  }
}

TEST_CASE("signal mask, folder, umask and locale that a kernel has changed reach no later job") {
  const Scene scene;
  const auto method = tessera::host::can_fork ? GENERATE(StartMethod::fork, StartMethod::spawn)
                                              : StartMethod::spawn;
  TiledPool pool(2, {.start_method = method});
  auto a = SharedArray<int, 1>::create({20});
  const auto look = [](auto v) { v = changes_seen(); };
  for (int job = 0; job < 100; ++job) {
    pool.map(
        {1}, [](auto) { change_all(); }, into(a));
    pool.map({1}, look, into(a));
    REQUIRE(all_are(a, 0));
  }
}

TEST_CASE("what a kernel changes of its process after many jobs reaches none after a rest") {
  const Scene scene;
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({20});
  const auto change_if_asked = [](auto v) {
    if (v(0) == -1) change_all();
  };
  for (int job = 0; job < 100; ++job) {
    a = 0;
    pool.map({1}, change_if_asked, into(a));
  }
  for (int job = 0; job < 3; ++job) {
    a = -1;
    pool.map({1}, change_if_asked, into(a));
#if defined(TESSERA_POSIX)
    // They sleep until the next job.
    for (const int pid : pool.worker_pids()) REQUIRE(wait_until([&] { return asleep(pid); }));
#else
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
#endif
    pool.map(
        {1}, [](auto v) { v = changes_seen(); }, into(a));
    REQUIRE(all_are(a, 0));
  }
}

TEST_CASE("a kernel that ends its process by any way ends a worker, and its end is told") {
  const Scene scene;
#if defined(TESSERA_POSIX)
  const std::vector<Way> ways{{0, "ended with exit code 3"}, {1, "ended with exit code 4"},
                              {2, "ended with exit code 0"}, {3, "ended with exit code 5"},
                              {4, "ended with exit code 1"}, {5, "killed by signal 6"}};
#else
  const std::vector<Way> ways{
      {0, "ended by exit()"}, {1, "ended by exit()"}, {2, "ended by exit()"}};
#endif
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({20});
  for (const auto& way : ways) {
    const auto error = job_error_of([&] {
      pool.map(
          {1},
          [number = way.number](const Tile<1>& tile, auto v) {
            if (tile.number() == 7) end_by(number);
            v += 1;
          },
          into(a));
    });
    INFO(error.what());
    CHECK(error.errc() == tessera::Errc::worker_died);
    CHECK(has(error.what(), way.told));
    CHECK(error.unfinished == std::vector<std::size_t>{7});
  }
  REQUIRE(a(0) == static_cast<int>(ways.size()));
}

#if defined(TESSERA_POSIX)

TEST_CASE("a kernel that ends its process runs nothing that its caller has registered") {
  const Scene scene;
  const auto method =
      GENERATE(StartMethod::fork, StartMethod::spawn, StartMethod::fork_with_threads);
  REQUIRE(failure_in_child([&] {
            const int nowhere = ::open("/dev/null", O_WRONLY);
            ::dup2(nowhere, 2);
            EndingProgram program;
            program.begin();
            ::setenv("TESSERA_TEST_MARKS", program.folder.file("global").c_str(), 1);
            std::atomic<bool> over{false};
            std::optional<std::thread> other;
            if (method == StartMethod::fork_with_threads)
              other.emplace([&] { wait_until([&] { return over.load(); }); });
            {
              TiledPool pool(2, {.start_method = method});
              auto a = SharedArray<int, 1>::create({6});
              const auto error = job_error_of([&] {
                pool.map(
                    {1}, [](const Tile<1>& tile, auto) { end_by(static_cast<int>(tile.number())); },
                    into(a));
              });
              must(error.unfinished.size() == 6, "each costs a worker");
              check_a_job(pool);
            }
            over.store(true);
            if (other) other->join();
            program.check();
            must(!exists(program.folder.file("global")), "no destructor of a global has run");
            must(program.printed() == "of the kernel;of the program;of the program;",
                 "all is printed once: " + program.printed());
          }) == "");
}

TEST_CASE("the processes of a spawned pool end without the program's destructors") {
  const Scene scene;
  REQUIRE(failure_in_child([&] {
            const Folder folder;
            ::setenv("TESSERA_TEST_MARKS", folder.file("global").c_str(), 1);
            {
              TiledPool pool(2, {.start_method = StartMethod::spawn});
              check_a_job(pool);
            }
            must(!exists(folder.file("global")), "none has run");
          }) == "");
}

TEST_CASE("a kernel that ends the caller's thread in a pool without processes is not held up") {
  REQUIRE(failure_in_child([] {
            std::atomic<bool> went_on{false};
            std::thread([&] {
              auto pool = TiledPool::in_caller();
              auto a = SharedArray<int, 1>::create({2});
              pool.map(
                  {1}, [](auto) { ::pthread_exit(nullptr); }, into(a));
              went_on.store(true);
            }).join();
            must(!went_on.load(), "the thread has ended");
          }) == "");
}

#endif
