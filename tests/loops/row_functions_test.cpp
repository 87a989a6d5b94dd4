// xtensor's functions without branches.
#include <cmath>
#include <cstdint>
#include <limits>

#include <tessera/loops/row_functions.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

TEST_CASE("where gives the one value or the other, bit for bit") {
  const Select select;
  CHECK(select(true, 1.5f, 2.5f) == 1.5f);
  CHECK(select(false, 1.5f, 2.5f) == 2.5f);
  CHECK(std::isnan(select(1, std::nan(""), 2.0)));
  CHECK(std::signbit(select(false, 1.0, -0.0)));
  CHECK(select(true, std::int8_t{-3}, std::int8_t{4}) == -3);
  CHECK(select(false, std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(select(true, false, true) == false);
}

TEST_CASE("where has the type that xtensor gives it") {
  using xt::detail::conditional_ternary;
  STATIC_REQUIRE(std::is_same_v<decltype(Select{}(true, 1, 2.0)),
                                decltype(conditional_ternary()(true, 1, 2.0))>);
  STATIC_REQUIRE(std::is_same_v<decltype(Select{}(true, 1.f, 2.f)), float>);
  CHECK(Select{}(true, 1, 2.5) == 1.0);
}

TEST_CASE("and and or are those of numbers that are not 0") {
  CHECK(BothTrue{}(2, 0.5));
  CHECK_FALSE(BothTrue{}(2, 0.0));
  CHECK(EitherTrue{}(0, true));
  CHECK_FALSE(EitherTrue{}(0, 0.f));
}
