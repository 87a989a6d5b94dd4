#include <tessera/format/visit_dtype.hpp>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

using tessera::Dtype;
using tessera::dtype_of;
using tessera::Elements;
using tessera::Ranks;
using tessera::visit_dtype;

TEST_CASE("the function is called with the type that the dtype describes") {
  const auto size = [](const Dtype& dtype) {
    return visit_dtype(dtype, []<class T>() { return std::string(dtype_of<T>().name()); });
  };
  CHECK(size(dtype_of<bool>()) == "bool");
  CHECK(size(dtype_of<std::int16_t>()) == "int16");
  CHECK(size(dtype_of<double>()) == "float64");
}

TEST_CASE("the byte order does not matter") {
  const Dtype swapped{'f', 4, true, {}};
  CHECK(visit_dtype(swapped, []<class T>() { return sizeof(T); }) == std::size_t{4});
}

TEST_CASE("nothing is called for a type that is not among those given") {
  CHECK_FALSE(visit_dtype(dtype_of<std::complex<float>>(), []<class T>() { return 1; }));
  CHECK_FALSE(visit_dtype<Elements<float>>(dtype_of<double>(), []<class T>() {}));
}

TEST_CASE("a function that returns nothing says whether it was called") {
  int calls = 0;
  CHECK(visit_dtype<Elements<float, double>>(dtype_of<double>(), [&]<class T>() { ++calls; }));
  CHECK(calls == 1);
}

TEST_CASE("a number of axes is found with the type") {
  const auto found = [](const Dtype& dtype, std::size_t rank) {
    return visit_dtype<Elements<float, double>, Ranks<1, 3>>(
        dtype, rank, []<class T, std::size_t N>() { return sizeof(T) * 10 + N; });
  };
  CHECK(found(dtype_of<double>(), 3) == std::size_t{83});
  CHECK(found(dtype_of<float>(), 1) == std::size_t{41});
  CHECK_FALSE(found(dtype_of<float>(), 2));
  CHECK_FALSE(found(dtype_of<std::int8_t>(), 3));
}

TEST_CASE("what the function throws comes out of visit_dtype") {
  CHECK_THROWS_AS(static_cast<void>(visit_dtype(dtype_of<float>(),
                                                []<class T>() { throw std::range_error("mine"); })),
                  std::range_error);
}
