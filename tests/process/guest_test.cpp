// A kernel is a guest: what it changes, and how it ends, reaches neither a later one nor the
// caller.
#include <cfenv>
#include <cstddef>
#include <limits>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
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
