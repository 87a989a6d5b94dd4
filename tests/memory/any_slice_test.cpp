// Parts of an AnyArray as text.
#include <tessera/memory/any_slice.hpp>

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <tessera/memory/any_array.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;
using tessera::AnyArray;
using tessera::Errc;
using tessera::full;
using tessera::SharedArray;
using tessera::Slice;
using Lengths = std::vector<std::size_t>;

namespace {

/// 0, 1, 2, ... in 3 rows of 4.
struct Rows {
  SharedArray<int, 2> array = SharedArray<int, 2>::create({3, 4});
  AnyArray any = AnyArray::attach(array.name());
  Rows() {
    for (std::size_t k = 0; k < array.size(); ++k) array.data()[k] = static_cast<int>(k);
  }
};

std::string text_of(const AnyArray& array, const std::string& slices) {
  return array.slice(slices).text();
}

struct Buoy {
  double height;
  std::int32_t count;
  float winds[2];
};

}  // namespace

TESSERA_FIELDS(Buoy, height, count, winds);

TEST_CASE("a part of an array is printed as NumPy prints it") {
  const Rows sample;
  std::ostringstream out;
  out << sample.any[{{0, 2}, {1, 3}}];
  CHECK(out.str() == "[[1 2]\n [5 6]]");
  CHECK(sample.any[{}].text() == "[[ 0  1  2  3]\n [ 4  5  6  7]\n [ 8  9 10 11]]");
  CHECK(sample.any[{1}].text() == "[4 5 6 7]");
  CHECK(sample.any[{1, 2}].text() == "6");
}

TEST_CASE("an index takes its axis away, and full keeps it whole") {
  const Rows sample;
  CHECK(sample.any[{full, 0}].shape() == Lengths{3});
  CHECK(sample.any[{full, 0}].text() == "[0 4 8]");
  CHECK(sample.any[{1, 2}].shape().empty());
  CHECK(sample.any[{{1, 2}}].shape() == Lengths{1, 4});
  CHECK(sample.any[{}].dtype() == tessera::dtype_of<int>());
}

TEST_CASE("full and numbers of any type are bounds of a range") {
  const Rows sample;
  CHECK(sample.any[{0, {2, full}}].text() == "[2 3]");
  CHECK(sample.any[{0, {full, 2}}].text() == "[0 1]");
  CHECK(sample.any[{0, {full, full, -2}}].text() == "[3 1]");
  CHECK(sample.any[{0, {std::size_t{1}, std::int8_t{-1}}}].text() == "[1 2]");
  CHECK(sample.any[{0, {0, std::size_t(-2)}}].text() == "[0 1 2 3]");
  CHECK(error_of([&] {
          static_cast<void>(sample.any[{0, std::size_t(-2)}]);
        }).errc() == Errc::invalid_argument);
}

TEST_CASE("negative numbers count from the end, and a negative step goes backwards") {
  const Rows sample;
  CHECK(sample.any[{-1, -1}].text() == "11");
  CHECK(sample.any[{0, {std::nullopt, std::nullopt, -1}}].text() == "[3 2 1 0]");
  CHECK(sample.any[{0, {-1, 0, -2}}].text() == "[3 1]");
}

TEST_CASE("slices are written as in NumPy") {
  const Rows sample;
  CHECK(text_of(sample.any, "1") == "[4 5 6 7]");
  CHECK(text_of(sample.any, " 1 , -1 ") == "7");
  CHECK(text_of(sample.any, ":,0") == "[0 4 8]");
  CHECK(text_of(sample.any, "...,0") == "[0 4 8]");
  CHECK(text_of(sample.any, "0,...") == "[0 1 2 3]");
  CHECK(text_of(sample.any, "0,1:3") == "[1 2]");
  CHECK(text_of(sample.any, "0,::2") == "[0 2]");
  CHECK(text_of(sample.any, "0,::-1") == "[3 2 1 0]");
  CHECK(text_of(sample.any, "2,1:") == "[ 9 10 11]");
  CHECK(text_of(sample.any, "...") == sample.any[{}].text());
}

TEST_CASE("ranges are cut to their axis, and may be empty") {
  const Rows sample;
  CHECK(text_of(sample.any, "0,2:100") == "[2 3]");
  CHECK(text_of(sample.any, "0,-100:1") == "[0]");
  CHECK(text_of(sample.any, "0,3:1") == "[]");
  CHECK(sample.any.slice("5:,0:2").shape() == Lengths{0, 2});
  const auto most = std::to_string((std::numeric_limits<std::ptrdiff_t>::max)());
  const auto least = std::to_string((std::numeric_limits<std::ptrdiff_t>::min)());
  CHECK(text_of(sample.any, "0,::" + most) == "[0]");
  CHECK(text_of(sample.any, "0,::" + least) == "[3]");
  CHECK(text_of(sample.any, "0," + least + ":" + most) == "[0 1 2 3]");
}

TEST_CASE("what is no slice of this array is refused, and the Error says what is") {
  const Rows sample;
  for (const auto* const text : {"", "x", "1.5", "1:2:3:4", "0,0,0", "3", "0,-5", "0,::0", "0,,1",
                                 "..., ...", "99999999999999999999", "0;1", "1 2"}) {
    INFO(text);
    CHECK(error_of([&] { static_cast<void>(sample.any.slice(text)); }).errc() ==
          Errc::invalid_argument);
  }
  CHECK(has(error_of([&] {
              static_cast<void>(sample.any[{0, 4}]);
            }).what(),
            "index 4 is outside axis 1, which has 4 elements"));
}

TEST_CASE("a slice keeps the memory that it shows") {
  std::optional<tessera::AnySlice> slice;
  {
    const Rows sample;
    slice.emplace(sample.any[{2}]);
  }
  CHECK(slice->text() == "[ 8  9 10 11]");
}

TEST_CASE("of a large part the edges are shown, as in NumPy") {
  auto a = SharedArray<std::uint8_t, 2>::create({50, 50});
  const auto any = AnyArray::attach(a.name());
  CHECK(any[{}].text() ==
        "[[0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]\n ...\n [0 0 0 ... 0 0 0]\n "
        "[0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]]");
  CHECK(any[{0}].text().find("...") == std::string::npos);
}

TEST_CASE("long rows are broken, and three axes have lines between them") {
  auto a = SharedArray<int, 1>::create({40});
  const auto text = AnyArray::attach(a.name())[{}].text();
  CHECK(text ==
        "[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n 0 0 0]");
  auto b = SharedArray<int, 3>::create({2, 1, 2});
  CHECK(AnyArray::attach(b.name())[{}].text() == "[[[0 0]]\n\n [[0 0]]]");
}

TEST_CASE("floats stand with their points below each other, and what has none to the right") {
  auto a = SharedArray<double, 1>::copy_of(xt::xtensor<double, 1>{100.5, 2, -0.25});
  CHECK(AnyArray::attach(a.name())[{}].text() == "[100.5    2     -0.25]");
  a(1) = std::nan("");
  CHECK(AnyArray::attach(a.name())[{}].text() == "[100.5     nan  -0.25]");
  a(1) = 1e30;
  CHECK(AnyArray::attach(a.name())[{}].text() == "[100.5 1e+30 -0.25]");
}

TEST_CASE("of very many axes little is shown, and soon") {
  auto a = SharedArray<std::uint8_t, 8>::create({6, 6, 6, 6, 6, 6, 6, 6});
  const auto text = AnyArray::attach(a.name())[{}].text();
  CHECK(text.size() < 200000);
  CHECK(text.starts_with("[[[[[[[[0 0 0 0 0 0]"));
  CHECK(has(text, "..."));
}

TEST_CASE("an array without axes, and one without elements, are printed too") {
  const auto scalar = SharedArray<double, 0>::create({});
  CHECK(AnyArray::attach(scalar.name())[{}].text() == "0");
  CHECK(text_of(AnyArray::attach(scalar.name()), "...") == "0");
  const auto nothing = SharedArray<double, 2>::create({0, 5});
  CHECK(AnyArray::attach(nothing.name())[{}].text() == "[]");
}

TEST_CASE("a part of an array is numbers, row by row") {
  const Rows sample;
  using Values = std::vector<double>;
  CHECK(sample.any[{{0, 2}, {std::nullopt, std::nullopt, -2}}].values() == Values{3, 1, 7, 5});
  CHECK(sample.any[{1, 1}].values() == Values{5});
  CHECK(text_of(sample.any, "0:0") == "[]");
  CHECK(sample.any.slice("0:0").values().empty());
}

TEST_CASE("a field of structs, and a part of complex numbers, are numbers too") {
  using Values = std::vector<double>;
  auto stations = SharedArray<Buoy, 1>::create({2});
  stations(1) = {2.5, -3, {1, 2}};
  const auto any = AnyArray::attach(stations.name());
  CHECK(any[{}].field("height").values() == Values{0, 2.5});
  CHECK(any[{}].field("count").text() == "[ 0 -3]");
  CHECK(any[{1}].field("count").dtype() == tessera::dtype_of<std::int32_t>());
  for (const auto* const none : {"winds", "width", "real", ""})
    CHECK(error_of([&] { static_cast<void>(any[{}].field(none)); }).errc() ==
          Errc::invalid_argument);
  CHECK(error_of([&] { static_cast<void>(any[{}].values()); }).errc() == Errc::type_mismatch);
  auto waves = SharedArray<std::complex<float>, 1>::create({1});
  waves(0) = {1, -2};
  const auto of_waves = AnyArray::attach(waves.name());
  CHECK(of_waves[{}].field("real").values() == Values{1});
  CHECK(of_waves[{}].field("imag").values() == Values{-2});
}
