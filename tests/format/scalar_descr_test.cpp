#include <tessera/format/scalar_descr.hpp>

#include <string>

#include "support/catch.hpp"

using tessera::npy::detail::scalar_of;
using tessera::npy::detail::unit_of;
using tessera::npy::detail::why_no_scalar;

TEST_CASE("one type has many spellings, and each means the same") {
  const auto usual = scalar_of("<f8");
  REQUIRE(usual);
  for (const auto* other : {"f8", "d", "<d", "=d", "float64", "double", "float"}) {
    CAPTURE(other);
    CHECK(scalar_of(other) == usual);
  }
  CHECK(scalar_of(">f8") != usual);
  CHECK(scalar_of(">f8")->swapped);
  CHECK_FALSE(scalar_of(">b1")->swapped);
}

TEST_CASE("a spelling without a fixed meaning is none") {
  for (const auto* descr :
       {"", "<", "int", "uint", "<float64", "f3", "f8 ", "f-8", "V0", "O", "U3"}) {
    CAPTURE(descr);
    CHECK_FALSE(scalar_of(descr));
  }
}

TEST_CASE("units of times are kept with their count, and those that are none are refused") {
  CHECK(unit_of("") == "");
  CHECK(unit_of("[generic]") == "");
  CHECK(unit_of("[1ns]") == "ns");
  CHECK(unit_of("[25s]") == "25s");
  for (const auto* unit : {"[]", "[0s]", "[x]", "[ns", "ns]", "[s/2]", "[99999999999s]"}) {
    CAPTURE(unit);
    CHECK_FALSE(unit_of(unit));
  }
}

TEST_CASE("what makes numbers of an element type that is not supported is told") {
  CHECK(why_no_scalar("|O").second.find("allow_pickle=True") != std::string::npos);
  CHECK(why_no_scalar("<f16").second.find("astype('f8')") != std::string::npos);
  CHECK(why_no_scalar(">c32").second.find("astype('c16')") != std::string::npos);
  CHECK(why_no_scalar("<U3").first == "is not supported");
}
