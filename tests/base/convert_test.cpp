#include <tessera/base/convert.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::convert_block;
using tessera::detail::converted;

namespace {

/// Values around the ends of an integer's range, and those that no integer has.
template <class T, class Value>
std::vector<Value> edges() {
  using Limits = std::numeric_limits<Value>;
  std::vector<Value> out{Value(0),
                         -Value(0),
                         Value(0.5),
                         Value(-0.5),
                         Value(-1),
                         Value(1.9),
                         Value(-1.9),
                         Value(100),
                         Value(300),
                         Value(-300),
                         Value(70000),
                         Limits::infinity(),
                         Limits::max(),
                         Limits::lowest(),
                         -Limits::infinity(),
                         Limits::quiet_NaN(),
                         Limits::denorm_min(),
                         -Limits::quiet_NaN()};
  for (const auto end : {static_cast<Value>(std::numeric_limits<T>::max()),
                         static_cast<Value>(std::numeric_limits<T>::min())})
    for (const auto to : {Limits::infinity(), -Limits::infinity()}) {
      out.push_back(end);
      out.push_back(std::nextafter(end, to));
      out.push_back(end + (to > 0 ? Value(1) : Value(-1)));
    }
  return out;
}

template <class T, class Value>
T expected(Value value) {
  if (value != value) return 0;
  const auto whole = std::trunc(static_cast<long double>(value));
  if (whole >= static_cast<long double>(std::numeric_limits<T>::max()))
    return std::numeric_limits<T>::max();
  if (whole <= static_cast<long double>(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return static_cast<T>(whole);
}

}  // namespace

TEMPLATE_TEST_CASE("floats outside an integer's range become its nearest end, and NaN 0", "",
                   std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t) {
  const auto test = [](auto zero) {
    using Value = decltype(zero);
    const auto values = edges<TestType, Value>();
    for (const auto value : values) {
      CAPTURE(value);
      REQUIRE(converted<TestType>(value) == expected<TestType>(value));
      for (std::size_t at = 0; at < 16; ++at) {  // one among others that are inside
        std::array<Value, 16> block;
        block.fill(Value(7.5));
        block[at] = value;
        std::array<TestType, 16> results{};
        convert_block<16>(block.data(), results.data());
        for (std::size_t i = 0; i < 16; ++i)
          REQUIRE(results[i] == (i == at ? expected<TestType>(value) : TestType{7}));
      }
    }
  };
  test(0.0f);
  test(0.0);
}

TEST_CASE("other conversions are those of static_cast") {
  STATIC_REQUIRE(converted<float>(2.5) == 2.5f);
  STATIC_REQUIRE(converted<std::uint8_t>(300) == 44);
  STATIC_REQUIRE(converted<bool>(0.25));
  STATIC_REQUIRE(converted<double>(7) == 7.0);
  STATIC_REQUIRE(converted<int>(-2.9) == -2);
}
