// Slices along an axis, as contiguous memory.
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <tessera/loops/axis_slices.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

TEST_CASE("each slice has the elements along its axis, in order") {
  const std::array<std::size_t, 3> shape{4, 5, 21};
  std::vector<int> cells(420);
  std::iota(cells.begin(), cells.end(), 0);
  const std::array<std::ptrdiff_t, 3> strides{105, 21, 1};
  const Operand<const int, 3> in{cells.data(), strides};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<bool> seen(420 / shape[axis]);
    each_axis_slice(shape, axis, in, static_cast<const Operand<int, 3>*>(nullptr),
                    [&](int* values, std::size_t number) {
                      REQUIRE(number < seen.size());
                      CHECK_FALSE(seen[number]);
                      seen[number] = true;
                      for (std::size_t t = 1; t < shape[axis]; ++t)
                        CHECK(values[t] - values[t - 1] == strides[axis]);
                    });
    CHECK(seen == std::vector<bool>(seen.size(), true));
  }
}

TEST_CASE("changed slices are written, the input is not") {
  std::vector<float> cells{3, 1, 2, 6, 5, 4}, out(6);
  const auto before = cells;
  const Operand<float, 2> to{out.data(), {2, 1}};
  each_axis_slice<float, 2>({3, 2}, 0, Operand<const float, 2>{cells.data(), {2, 1}}, &to,
                            [](float* values, std::size_t) { std::reverse(values, values + 3); });
  CHECK(out == std::vector<float>{5, 4, 2, 6, 3, 1});
  CHECK(cells == before);
}

TEST_CASE("NaN are last, and equal to each other") {
  const NanLast less;
  CHECK(less(1.f, NAN));
  CHECK_FALSE(less(NAN, 1.f));
  CHECK_FALSE(less(NAN, NAN));
  CHECK(less(1, 2));
}
