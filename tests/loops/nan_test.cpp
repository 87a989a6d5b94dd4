#include <tessera/loops/nan.hpp>

#include <complex>
#include <limits>

#include "support/catch.hpp"

using tessera::detail::if_number;
using tessera::detail::is_nan;

TEMPLATE_TEST_CASE("NaN are told from all other numbers", "", float, double, long double) {
  using Limits = std::numeric_limits<TestType>;
  CHECK(is_nan(Limits::quiet_NaN()));
  CHECK(is_nan(-Limits::quiet_NaN()));
  for (const TestType number : {TestType(0), TestType(-1), (Limits::max)(), Limits::lowest(),
                                Limits::infinity(), -Limits::infinity(), Limits::denorm_min()}) {
    CHECK_FALSE(is_nan(number));
    CHECK(if_number(number, TestType(7)) == number);
  }
  CHECK(if_number(Limits::quiet_NaN(), TestType(7)) == TestType(7));
}

TEST_CASE("what has no NaN is none") {
  CHECK_FALSE(is_nan(0));
  CHECK_FALSE(is_nan(true));
  CHECK_FALSE(is_nan(std::complex<float>(1, 2)));
}
