#include <tessera/format/element_text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using tessera::Dtype;
using tessera::dtype_of;

namespace {

std::string text_of_bytes(const Dtype& dtype, const std::vector<unsigned char>& bytes) {
  REQUIRE(bytes.size() == dtype.size);
  return tessera::detail::element_text(dtype, reinterpret_cast<const std::byte*>(bytes.data()));
}
template <class T>
std::string text_of(const T& value, bool swapped = false) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), static_cast<const void*>(&value), sizeof value);
  auto dtype = dtype_of<T>();
  if (swapped) {
    dtype.swapped = true;
    tessera::detail::swap_bytes(dtype, bytes.data());
  }
  return tessera::detail::element_text(dtype, bytes.data());
}

struct Mast {
  double height;
  std::int32_t count;
  float winds[2][2];
};
struct Flagged {
  std::uint8_t flag;
};

}  // namespace

TESSERA_FIELDS(Mast, height, count, winds);
TESSERA_FIELDS(Flagged, flag);

TEST_CASE("integers are told whole") {
  CHECK(text_of(std::int8_t{-128}) == "-128");
  CHECK(text_of(std::uint8_t{65}) == "65");
  CHECK(text_of(std::int16_t{-3}) == "-3");
  CHECK(text_of((std::numeric_limits<std::uint64_t>::max)()) == "18446744073709551615");
  CHECK(text_of((std::numeric_limits<std::int64_t>::min)()) == "-9223372036854775808");
}

TEST_CASE("floats have no more digits than tell them apart, and at most eight decimals") {
  CHECK(text_of(0.1f) == "0.1");
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(3.0) == "3");
  CHECK(text_of(0.0) == "0");
  CHECK(text_of(1.0 / 3) == "0.33333333");
  CHECK(text_of(0.1 + 0.2) == "0.3");
  CHECK(text_of(100000.0) == "100000");
  CHECK(text_of(20260101.5) == "20260101.5");
  CHECK(text_of(273.15f) == "273.15");
  CHECK(text_of(-2.5e-30) == "-2.5e-30");
  CHECK(text_of(1e-5) == "1e-05");
  CHECK(text_of(1e300 / 3) == "3.33333333e+299");
  CHECK(text_of(9999999999999998.0) == "9999999999999998");
  CHECK(text_of(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(text_of(-std::numeric_limits<float>::quiet_NaN()) == "nan");
}

TEST_CASE("halves are told as numbers") {
  const auto half = [](unsigned char low, unsigned char high) {
    return text_of_bytes({'f', 2, false, {}}, {low, high});
  };
  CHECK(half(0x00, 0x3c) == "1");
  CHECK(half(0x00, 0xc1) == "-2.5");
  CHECK(half(0x01, 0x00) == "5.9604645e-08");
  CHECK(half(0x00, 0x7c) == "inf");
  CHECK(half(0x01, 0x7c) == "nan");
}

TEST_CASE("bools of any byte are true or false") {
  CHECK(text_of(false) == "False");
  CHECK(text_of_bytes(dtype_of<bool>(), {7}) == "True");
}

TEST_CASE("complex numbers are told as in Python") {
  CHECK(text_of(std::complex<float>(1, -2)) == "1-2j");
  CHECK(text_of(std::complex<double>(0.5, 0)) == "0.5+0j");
}

TEST_CASE("the other byte order is read as it is meant") {
  CHECK(text_of(std::int32_t{258}, true) == "258");
  CHECK(text_of(1.5, true) == "1.5");
  CHECK(text_of(std::complex<float>(1, 2), true) == "1+2j");
}

TEST_CASE("structs are told field by field, arrays in them in brackets") {
  CHECK(text_of(Mast{1.5, -2, {{1, 2}, {3, 4}}}) == "(1.5, -2, [[1, 2], [3, 4]])");
  CHECK(text_of(Mast{1.5, -2, {{1, 2}, {3, 4}}}, true) == "(1.5, -2, [[1, 2], [3, 4]])");
  CHECK(text_of(Flagged{3}) == "(3,)");
}

TEST_CASE("bytes without a type are hexadecimal, and not without end") {
  CHECK(text_of_bytes({'V', 3, false, {}}, {0, 255, 16}) == "0x00ff10");
  CHECK(text_of_bytes({'V', 20, false, {}}, std::vector<unsigned char>(20, 1)) ==
        "0x01010101010101010101010101010101...");
}

TEST_CASE("times are the integers that they are") {
  CHECK(text_of_bytes({'M', 8, false, {}, "ns"}, {5, 0, 0, 0, 0, 0, 0, 0}) == "5");
}

TEST_CASE("numbers of every type and byte order are told as doubles") {
  const auto number = [](const auto& value, bool swapped) {
    std::array<std::byte, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    auto dtype = dtype_of<std::remove_cvref_t<decltype(value)>>();
    dtype.swapped = swapped;
    tessera::detail::swap_bytes(dtype, bytes.data());
    return tessera::detail::element_number(dtype, bytes.data());
  };
  for (const bool swapped : {false, true}) {
    CHECK(number(std::int16_t{-3}, swapped) == -3);
    CHECK(number(std::uint64_t{1} << 40, swapped) == 1099511627776.0);
    CHECK(number(2.5f, swapped) == 2.5);
    CHECK(number(-2.5, swapped) == -2.5);
    CHECK(number(true, false) == 1);
  }
  const std::array<std::byte, 20> bytes{};
  CHECK(std::isnan(tessera::detail::element_number({'V', 20, false, {}}, bytes.data())));
  CHECK(tessera::detail::element_number({'f', 2, false, {}}, bytes.data()) == 0);
  CHECK(tessera::detail::element_number({'M', 8, false, {}, "s"}, bytes.data()) == 0);
}

TEST_CASE("long and empty arrays in a struct are told in short") {
  const Dtype byte{'u', 1, false, {}};
  const auto text = [&](std::vector<std::size_t> shape) {
    const Dtype::Field field{"a", 0, byte, std::move(shape)};
    const Dtype dtype{'V', std::max<std::size_t>(1, field.bytes()), false, {field}};
    const std::vector<std::byte> bytes(dtype.size);
    return tessera::detail::element_text(dtype, bytes.data());
  };
  CHECK(text({100000}) == "([0, 0, 0, ..., 0, 0, 0],)");
  CHECK(text({2000000000, 0}) == "([],)");
  CHECK(text({0, 2000000000}) == "([],)");
  CHECK(text({2, 1}) == "([[0], [0]],)");
  CHECK(text({20, 20, 20, 20}).size() < 100000);
}
