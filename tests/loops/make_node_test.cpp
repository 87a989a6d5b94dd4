#include <tessera/loops/make_node.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <tessera/loops/tile_view.hpp>

#include "support/catch.hpp"

using tessera::detail::broadcast_operand;
using tessera::detail::make_node;

namespace {

using NodeShape = std::array<std::size_t, 2>;
using NodeExtents = std::vector<std::size_t>;
using NodeStrides = std::vector<std::ptrdiff_t>;

}  // namespace

TEST_CASE("an operand lines up by its trailing axes and stands still where it is broadcast") {
  std::array<int, 12> values{};
  const NodeShape shape{3, 4};
  using Strides = std::array<std::ptrdiff_t, 2>;
  CHECK(broadcast_operand(values.data(), NodeExtents{3, 4}, NodeStrides{4, 1}, shape).strides ==
        Strides{4, 1});
  CHECK(broadcast_operand(values.data(), NodeExtents{4}, NodeStrides{1}, shape).strides ==
        Strides{0, 1});
  CHECK(broadcast_operand(values.data(), NodeExtents{3, 1}, NodeStrides{1, 1}, shape).strides ==
        Strides{1, 0});
  CHECK(
      broadcast_operand(values.data(), NodeExtents{1, 1, 4}, NodeStrides{4, 4, 1}, shape).strides ==
      Strides{0, 1});
}

TEST_CASE("values that do not broadcast to the loop are refused with axis and extents") {
  std::array<int, 12> values{};
  for (const auto& extents : {NodeExtents{2, 4}, NodeExtents{3, 3}, NodeExtents{2, 3, 4}}) {
    try {
      broadcast_operand(values.data(), extents, NodeStrides(extents.size(), 1), NodeShape{3, 4});
      FAIL("it was not refused");
    } catch (const tessera::Error& error) {
      CHECK(error.errc() == tessera::Errc::shape_mismatch);
    }
  }
}

TEST_CASE("an expression becomes a tree that reads what the expression has") {
  const xt::xtensor<double, 2> a{{1, 2, 3}, {4, 5, 6}};
  const xt::xtensor<double, 1> b{10, 20, 30};
  const auto expression = a * 2.0 + b;
  auto node = make_node(expression, NodeShape{2, 3});
  CHECK(node.unit());
  for (std::size_t i = 0; i < 2; ++i, node.step(0, 1))
    for (std::size_t j = 0; j < 3; ++j)
      CHECK(node.template read<true>(static_cast<std::ptrdiff_t>(j)) == expression(i, j));
}

TEST_CASE("what is computed of a reduction is evaluated at its own rank") {
  // Counts how often a function of one mean is called in a loop over 5 x 4 elements.
  static int calls;
  struct Counted {
    double operator()(double v) const {
      ++calls;
      return v;
    }
  };
  std::vector<double> cells(20, 2.0);
  const tessera::TileView<const double, 2> x(cells.data(), {5, 4}, {4, 1});
  const auto mean = xt::sum(x, {0});
  const auto counted = xt::xfunction<Counted, std::decay_t<decltype(mean)>>(Counted{}, mean);
  std::vector<double> out(20);
  tessera::TileView<double, 2>(out.data(), {5, 4}, {4, 1}) = x - counted;
  CHECK(calls == 4);
  CHECK(out == std::vector<double>(20, -8.0));
}

TEST_CASE("a reduction that one assignment reads twice is computed once") {
  static int calls;
  struct Counted {
    double operator()(double v) const {
      ++calls;
      return v;
    }
  };
  std::vector<double> cells(20, 2.0), out(20);
  const tessera::TileView<const double, 2> x(cells.data(), {5, 4}, {4, 1});
  const auto counted = xt::xfunction<Counted, std::decay_t<decltype(x)>>(Counted{}, x);
  const auto d = x - xt::sum(counted, {0});
  tessera::TileView<double, 2> to(out.data(), {5, 4}, {4, 1});
  to = d * d + xt::sum(d * d, {0});
  CHECK(calls == 20);
  CHECK(out == std::vector<double>(20, 64.0 + 5 * 64.0));
  SECTION("and again by the next assignment, which may find other elements") {
    std::fill(cells.begin(), cells.end(), 1.0);
    to = d;
    CHECK(calls == 40);
    CHECK(out == std::vector<double>(20, -4.0));
  }
  calls = 0;
}

TEST_CASE("so is one of a kernel's own array, and two reductions of one type are told apart") {
  const xt::xtensor<double, 2> own{{1, 2}, {3, 4}, {5, 6}};
  std::vector<double> out(6);
  tessera::TileView<double, 2> to(out.data(), {3, 2}, {2, 1});
  const auto low = xt::amin(own, {0});
  const auto high = xt::amin(10.0 * own, {0});
  const auto other = xt::amin(own * own, {0});
  to = low + low + high + other + 0.0 * to;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(to(i, 0) == 1 + 1 + 10 + 1);
    CHECK(to(i, 1) == 2 + 2 + 20 + 4);
  }
  const auto first = xt::sum(own, {0}), second = xt::sum(own, {1});
  tessera::TileView<double, 2> square(out.data(), {2, 2}, {2, 1});
  square = first + xt::view(second, xt::range(0, 2), xt::newaxis());
  CHECK(out[0] == 9 + 3);
  CHECK(out[1] == 12 + 3);
  CHECK(out[2] == 9 + 7);
  CHECK(out[3] == 12 + 7);
}
