// Rows whose elements do not lie next to each other.
#include <array>
#include <cstddef>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <tessera/loops/packed_row.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

namespace {

/// What each_pack gives for a row, element by element.
template <class Node>
std::vector<double> packed(const Node& node, std::ptrdiff_t length) {
  std::vector<double> out;
  each_pack(node, length, [&](std::ptrdiff_t i, const auto& row, std::ptrdiff_t n) {
    CHECK(i == static_cast<std::ptrdiff_t>(out.size()));
    for (std::ptrdiff_t k = 0; k < n; ++k) out.push_back(row.template read<true>(k));
  });
  return out;
}
template <class Node>
std::vector<double> plain(const Node& node, std::ptrdiff_t length) {
  std::vector<double> out;
  for (std::ptrdiff_t k = 0; k < length; ++k) out.push_back(node.template read<false>(k));
  return out;
}

}  // namespace

TEST_CASE("a packed row has the elements of the row") {
  std::vector<double> values(3000);
  std::iota(values.begin(), values.end(), 0.0);
  for (const std::ptrdiff_t length : {1, 4, 255, 256, 257, 700})
    for (const std::ptrdiff_t stride : {0, 1, 2, -1}) {
      CAPTURE(length, stride);
      const Operand<const double, 2> row{values.data() + 800, {5, stride}};
      CHECK(packed(row, length) == plain(row, length));
      const Applied<std::plus<>, Operand<const double, 2>, Constant<double>> sum{{}, {row, {0.5}}};
      CHECK(packed(sum, length) == plain(sum, length));
      const Applied<std::minus<>, Operand<const double, 2>, IndexNode<2>> less{{},
                                                                               {row, {3, {7, 2}}}};
      CHECK(packed(less, length) == plain(less, length));
    }
}

TEST_CASE("a contiguous operand is read where it is") {
  const std::vector<float> values(300, 1.f);
  const Operand<const float, 1> row{values.data(), {1}};
  each_pack(row, 300, [&](std::ptrdiff_t i, const auto& here, std::ptrdiff_t) {
    CHECK(here.at == values.data() + i);
  });
}

TEST_CASE("elements that can't be copied as bytes are not packed") {
  STATIC_REQUIRE(PackedRow<Operand<const int, 1>>::possible);
  STATIC_REQUIRE(!PackedRow<Operand<const std::string, 1>>::possible);
  STATIC_REQUIRE(!PackedRow<Applied<std::plus<>, Operand<const std::string, 1>,
                                    Operand<const std::string, 1>>>::possible);
}
