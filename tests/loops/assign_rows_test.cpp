// An expression is written into strided memory.
#include <array>
#include <cstddef>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/loops/assign_rows.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

TEST_CASE("values are converted and broadcast") {
  std::vector<int> memory(12, -1);
  const xt::xtensor<double, 1> row{1.0, 2.0, 3.0};
  assign_rows<int, 2>({2, 3}, {memory.data(), {6, 2}}, row * 2.0);
  CHECK(memory == std::vector<int>{2, -1, 4, -1, 6, -1, 2, -1, 4, -1, 6, -1});
}

TEST_CASE("what is read at other indices is read before it is overwritten") {
  xt::xtensor<int, 1> cells{1, 2, 3, 4, 5};
  assign_rows<int, 1>({4}, {cells.data() + 1, {1}}, xt::view(cells, xt::range(0, 4)) + 0);
  CHECK((cells == xt::xtensor<int, 1>{1, 1, 2, 3, 4}));
}

TEST_CASE("what does not broadcast is refused, and nothing is written") {
  std::vector<int> memory(6, 7);
  const xt::xtensor<int, 1> four{1, 2, 3, 4};
  try {
    assign_rows<int, 2>({2, 3}, {memory.data(), {3, 1}}, four + 0);
    FAIL("no error");
  } catch (const tessera::Error& error) {
    CHECK(error.code() == tessera::Errc::shape_mismatch);
  }
  CHECK(memory == std::vector<int>(6, 7));
}
