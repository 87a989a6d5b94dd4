#include <tessera/host/float_environment.hpp>

#include <cfenv>
#include <limits>

#include "support/catch.hpp"

namespace host = tessera::host;
using host::FloatEnvironment;
using host::FloatGuard;

namespace {

/// Computed when it runs, and as the thread computes then.
float sum(float a, float b) {
  volatile float x = a, y = b;
  return x + y;
}

int rounding_seen() {
  const float step = std::numeric_limits<float>::epsilon();
  const bool up = sum(1, step * 0.75f) > 1, down = sum(-1, -step * 0.75f) < -1;
  return up && down ? FE_TONEAREST : up ? FE_UPWARD : down ? FE_DOWNWARD : FE_TOWARDZERO;
}

constexpr int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

struct Restored {
  FloatEnvironment before = FloatEnvironment::now();
  ~Restored() { before.set(); }
};

}  // namespace

TEST_CASE("a floating-point environment that was read can be set again") {
  const Restored restored;
  for (const int rounding : roundings) {
    std::fesetround(rounding);
    const auto kept = FloatEnvironment::now();
    std::fesetround(FE_TONEAREST);
    kept.set();
    REQUIRE(std::fegetround() == rounding);
    REQUIRE(rounding_seen() == rounding);
  }
}

TEST_CASE("setting a floating-point environment keeps the flags of what has happened") {
  const Restored restored;
  const auto before = FloatEnvironment::now();
  std::fesetround(FE_UPWARD);
  std::feclearexcept(FE_ALL_EXCEPT);
  const volatile float one = 1, tiny = 1e-20f;
  const volatile float rounded = one + tiny;  // computed now, whatever the optimizer thinks of it
  static_cast<void>(rounded);
  REQUIRE(std::fetestexcept(FE_INEXACT) != 0);
  before.set();
  REQUIRE(std::fetestexcept(FE_INEXACT) != 0);
  REQUIRE(std::fetestexcept(FE_DIVBYZERO) == 0);
}

TEST_CASE("a guard finds every change of rounding, and ends as it began") {
  const Restored restored;
  const bool at_a_glance = GENERATE(true, false);
  for (const int asked : roundings) {
    std::fesetround(asked);
    const auto environment = FloatEnvironment::now();
    std::fesetround(FE_DOWNWARD);
    {
      const FloatGuard guard(environment, at_a_glance);
      REQUIRE(rounding_seen() == asked);
      for (const int left : roundings) {
        std::fesetround(left);
        guard.again();
        REQUIRE(std::fegetround() == asked);
        REQUIRE(rounding_seen() == asked);
      }
    }
    REQUIRE(std::fegetround() == FE_DOWNWARD);
  }
}

#if defined(TESSERA_MXCSR)
TEST_CASE("a guard finds every change that is made to MXCSR alone, and leaves the other bits") {
  const Restored restored;
  const bool at_a_glance = GENERATE(true, false);
  const unsigned plain = _mm_getcsr() & ~0x3fu;
  // Flush to zero, subnormals are zero, four ways to round.
  for (unsigned asked = 0; asked < 16; ++asked) {
    const auto bits = [](unsigned k) {
      return (k & 1 ? 0x8000u : 0u) | (k & 2 ? 0x40u : 0u) | (k >> 2) * 0x2000u;
    };
    _mm_setcsr(plain | bits(asked));
    const FloatGuard guard(FloatEnvironment::now(), at_a_glance);
    for (unsigned left = 0; left < 16; ++left) {
      _mm_setcsr(plain | bits(left));
      guard.again();
      REQUIRE((_mm_getcsr() & ~0x3fu) == (plain | bits(asked)));
    }
  }
}

TEST_CASE("a guard that is not to leave flags leaves none") {
  const Restored restored;
  std::feclearexcept(FE_ALL_EXCEPT);
  {
    const FloatGuard guard(FloatEnvironment::now(), false);
    guard.again();
  }
  REQUIRE((_mm_getcsr() & 0x3fu) == 0);
}
#endif
