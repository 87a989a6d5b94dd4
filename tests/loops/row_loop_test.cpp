#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include <tessera/loops/tile_view.hpp>

#if __has_include(<xtensor/views/xstrided_view.hpp>)
#include <xtensor/core/xvectorize.hpp>
#include <xtensor/misc/xcomplex.hpp>
#include <xtensor/views/xdynamic_view.hpp>
#include <xtensor/views/xindex_view.hpp>
#include <xtensor/views/xstrided_view.hpp>
#else
#include <xtensor/xcomplex.hpp>
#include <xtensor/xdynamic_view.hpp>
#include <xtensor/xindex_view.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xvectorize.hpp>
#endif

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::TileView;

namespace {

using Random = std::mt19937;

std::size_t pick(Random& random, std::size_t lo, std::size_t hi) {
  return std::uniform_int_distribution<std::size_t>(lo, hi)(random);
}

/// A view of `shape` somewhere in `cells`: any start, steps of 1 to 3, negative ones too. Its
/// elements are distinct, as are those of any tile.
template <class T, std::size_t N>
TileView<T, N> somewhere(Random& random, xt::uvector<std::remove_const_t<T>>& cells,
                         const std::array<std::size_t, N>& shape) {
  std::array<std::ptrdiff_t, N> strides{};
  std::ptrdiff_t dense = 1, lo = 0, hi = 0;
  for (std::size_t d = N; d-- > 0;) {
    const auto step = static_cast<std::ptrdiff_t>(pick(random, 1, 6));
    strides[d] = dense * (step > 3 ? 1 : step);  // mostly without gaps, so that rows join
    const auto reach =
        strides[d] * (std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(shape[d]), 1) - 1);
    dense = strides[d] * std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(shape[d]));
    if (pick(random, 0, 5) == 0) {
      strides[d] = -strides[d];
      lo -= reach;
    } else {
      hi += reach;
    }
  }
  const auto room = static_cast<std::ptrdiff_t>(cells.size()) - 1 - (hi - lo);
  must(room >= 0, "the cells are enough");
  const auto at = static_cast<std::ptrdiff_t>(
      pick(random, 0, static_cast<std::size_t>(std::min<std::ptrdiff_t>(room, 9))));
  return {cells.data() + at - lo, shape, strides};
}

/// The values of a view in a container of their own.
template <class View>
auto dense(const View& view) {
  xt::xarray<std::remove_const_t<typename View::value_type>> out(
      std::vector<std::size_t>(view.shape().begin(), view.shape().end()));
  std::copy(view.begin(), view.end(), out.begin());
  return out;
}

template <std::size_t N>
std::array<std::size_t, N> some_shape(Random& random, bool zeros) {
  std::array<std::size_t, N> shape{};
  for (auto& extent : shape) extent = zeros && pick(random, 0, 20) == 0 ? 0 : pick(random, 1, 5);
  return shape;
}

/// `shape` with some extents 1.
template <std::size_t N>
std::array<std::size_t, N> broadcastable(Random& random, std::array<std::size_t, N> shape) {
  for (auto& extent : shape)
    if (pick(random, 0, 3) == 0) extent = 1;
  return shape;
}

/// For random views a, b, c of one shape in cells that they share or not, `expression(a, b, c)`
/// assigned to a tile is what xtensor makes of it from copies of a, b and c; and no other cell
/// changes.
template <class T, std::size_t N, class Expression>
void equals_xtensor(Expression&& expression, int rounds = 150, bool zeros = true) {
  Random random(1);
  for (int round = 0; round < rounds; ++round) {
    xt::uvector<double> cells(60000), others(60000);
    for (auto* all : {&cells, &others})
      for (auto& cell : *all) cell = static_cast<double>(pick(random, 0, 2000)) / 8 - 100;
    const auto shape = some_shape<N>(random, zeros);
    const bool shared = pick(random, 0, 1) == 0;
    auto& inputs = shared ? cells : others;
    xt::uvector<T> outputs(60000, T(1));
    const auto a = somewhere<const double>(random, inputs, broadcastable(random, shape));
    const auto b = somewhere<const double>(random, pick(random, 0, 1) ? inputs : others,
                                           broadcastable(random, shape));
    const auto c = somewhere<const double>(random, inputs, shape);
    xt::xarray<double> a_copy = dense(a), b_copy = dense(b), c_copy = dense(c);
    const xt::xarray<T> expected = xt::broadcast(
        expression(a_copy, b_copy, c_copy), std::vector<std::size_t>(shape.begin(), shape.end()));
    const auto check = [&](auto& all, auto tile) {
      auto copy = all;
      tile = expression(a, b, c);
      const auto got = dense(tile);
      REQUIRE(got.shape() == expected.shape());
      REQUIRE(std::equal(got.begin(), got.end(), expected.begin(), expected.end()));
      // Put back what the tile covers: nothing else may differ.
      const auto at = tile.operand().at - all.data();
      TileView<typename decltype(tile)::value_type, N> before(copy.data() + at, shape,
                                                              tile.operand().strides);
      std::copy(before.begin(), before.end(), tile.begin());
      REQUIRE(std::equal(all.begin(), all.end(), copy.begin()));
    };
    if constexpr (std::is_same_v<T, double>) {
      if (shared) {
        check(cells, pick(random, 0, 3) == 0
                         ? TileView<double, N>(const_cast<double*>(c.operand().at), shape,
                                               c.operand().strides)
                         : somewhere<double>(random, cells, shape));
        continue;
      }
    }
    check(outputs, somewhere<T>(random, outputs, shape));
  }
}

struct Pair {
  float x;
  std::int32_t y;
  friend bool operator==(const Pair&, const Pair&) = default;
};

}  // namespace

TEST_CASE("sums equal xtensor's own on random shapes, strides, broadcasts and overlaps") {
  const auto sum = [](auto& a, auto& b, auto& c) { return a + b + c; };
  equals_xtensor<double, 1>(sum);
  equals_xtensor<double, 2>(sum, 400);
  equals_xtensor<double, 3>(sum, 400);
  equals_xtensor<double, 4>(sum);
}

TEST_CASE("arithmetic with scalars equals xtensor's own") {
  equals_xtensor<double, 3>([](auto& a, auto& b, auto& c) { return 2.5 * a - b * b / 3 + c; });
}

TEST_CASE("mathematical functions equal xtensor's own bit for bit") {
  equals_xtensor<double, 2>([](auto& a, auto& b, auto& c) {
    return xt::sqrt(xt::abs(a)) + xt::maximum(b, xt::sin(c)) + xt::pow(xt::abs(b), 0.5);
  });
}

TEST_CASE("where equals xtensor's own") {
  equals_xtensor<double, 3>([](auto& a, auto& b, auto& c) { return xt::where(a > b, c, -a); });
  equals_xtensor<double, 2>(
      [](auto& a, auto&, auto& c) { return xt::where(xt::isnan(a), 0.0, c); });
}

TEST_CASE("boolean results equal xtensor's own") {
  equals_xtensor<bool, 2>([](auto& a, auto& b, auto& c) { return a < b && c >= a; });
  equals_xtensor<bool, 3>([](auto& a, auto& b, auto& c) { return !(xt::equal(a, b) || c > 0.0); });
}

TEST_CASE("results are converted to the tile's element type as in xtensor") {
  equals_xtensor<int, 2>([](auto& a, auto& b, auto& c) { return a + b * c; });
  equals_xtensor<float, 2>([](auto& a, auto& b, auto& c) { return a + b * c; });
  equals_xtensor<std::complex<double>, 2>([](auto& a, auto& b, auto& c) { return a + b * c; });
}

TEST_CASE("one operand alone, a scalar alone and a broadcast alone are copied") {
  equals_xtensor<double, 3>([](auto&, auto&, auto& c) { return c; });
  equals_xtensor<double, 3>([](auto& a, auto&, auto&) { return xt::broadcast(a, a.shape()); });
  equals_xtensor<double, 3>([](auto&, auto&, auto& c) { return xt::ones_like(c) * 2.0; });
}

TEST_CASE("a reduction on the right side is evaluated before anything is written") {
  equals_xtensor<double, 3>([](auto&, auto&, auto& c) { return c - xt::mean(c, {0}); });
  equals_xtensor<double, 2>([](auto&, auto&, auto& c) { return c / (xt::sum(c)() + 1e6); });
}

TEST_CASE(
    "a reduction that keeps its axes is broadcast right, where xtensor's own lazy one is not") {
  std::vector<double> cells(40), out(20);
  std::iota(cells.begin(), cells.end(), 0.0);
  const TileView<const double, 2> c(cells.data(), {4, 5}, {10, 1});
  TileView<double, 2> tile(out.data(), {4, 5}, {5, 1});
  tile = c + xt::sum(c, {1}, xt::keep_dims);
  for (std::size_t i = 0; i < 4; ++i) {
    const double sum = 10.0 + 50.0 * static_cast<double>(i);
    for (std::size_t j = 0; j < 5; ++j) CHECK(tile(i, j) == c(i, j) + sum);
  }
}

TEST_CASE("views, transposes and flips of an operand are read in their own order") {
  // xtensor's own flip steps in front of memory that holds no element.
  equals_xtensor<double, 3>([](auto&, auto&, auto& c) { return xt::flip(c, 1) + c; }, 150, false);
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    xt::uvector<double> cells(40000);
    std::vector<double> out(400);
    std::iota(cells.begin(), cells.end(), 0.5);
    const std::array<std::size_t, 2> shape{pick(random, 1, 6), pick(random, 1, 6)};
    const auto a = somewhere<const double>(random, cells, shape);
    const auto copy = dense(a);
    const std::array<std::size_t, 2> turned{shape[1], shape[0]};
    TileView<double, 2> tile(out.data(), turned, {static_cast<std::ptrdiff_t>(shape[0]), 1});
    tile = xt::transpose(a) * 2.0;
    REQUIRE((dense(tile) == xt::xarray<double>(xt::transpose(copy) * 2.0)));
    TileView<double, 1> row(out.data(), {shape[1]}, {1});
    row = xt::view(a, shape[0] - 1, xt::all()) + 1.0;
    REQUIRE((dense(row) == xt::xarray<double>(xt::view(copy, shape[0] - 1, xt::all()) + 1.0)));
    row = xt::view(xt::view(a, xt::range(shape[0] / 2, shape[0])), 0) + 1.0;
    REQUIRE((dense(row) == xt::xarray<double>(xt::view(copy, shape[0] / 2, xt::all()) + 1.0)));
    TileView<double, 1> column(out.data(), {shape[0]}, {1});
    column = xt::col(a, static_cast<std::ptrdiff_t>(shape[1]) - 1);
    REQUIRE((dense(column) ==
             xt::xarray<double>(xt::col(copy, static_cast<std::ptrdiff_t>(shape[1]) - 1))));
  }
}

TEST_CASE("expressions that are no strided memory are evaluated right") {
  std::vector<double> cells(64), out(64);
  std::iota(cells.begin(), cells.end(), 0.0);
  const TileView<const double, 2> a(cells.data() + 1, {4, 4}, {10, 2});
  const auto copy = dense(a);
  TileView<double, 2> tile(out.data(), {2, 3}, {8, 2});
  const auto same = [&](const auto& from_tile, const auto& from_copy) {
    tile = from_tile;
    CHECK((dense(tile) == xt::xarray<double>(xt::broadcast(from_copy, {2, 3}))));
    tile = from_tile + 1.0;
    CHECK((dense(tile) == xt::xarray<double>(xt::broadcast(from_copy + 1.0, {2, 3}))));
  };
  same(xt::view(a, xt::keep(3, 0), xt::keep(2, 2, 1)),
       xt::view(copy, xt::keep(3, 0), xt::keep(2, 2, 1)));
  same(xt::view(a, xt::keep(3, 0), xt::drop(1)), xt::view(copy, xt::keep(3, 0), xt::drop(1)));
  same(xt::dynamic_view(a, {xt::keep(3, 0), xt::keep(2, 2, 1)}),
       xt::dynamic_view(copy, {xt::keep(3, 0), xt::keep(2, 2, 1)}));
  same(xt::strided_view(a, {xt::range(2, 4), xt::range(0, 3)}),
       xt::strided_view(copy, {xt::range(2, 4), xt::range(0, 3)}));
  same(xt::strided_view(a + a, {xt::range(2, 4), xt::range(0, 3)}),
       xt::strided_view(copy + copy, {xt::range(2, 4), xt::range(0, 3)}));
  same(xt::view(a * 2.0, xt::range(1, 3), xt::range(0, 3)),
       xt::view(copy * 2.0, xt::range(1, 3), xt::range(0, 3)));
  same(xt::broadcast(xt::view(a, 0, xt::range(0, 3)), {2, 3}),
       xt::broadcast(xt::view(copy, 0, xt::range(0, 3)), {2, 3}));
  same(xt::arange<double>(3.0), xt::arange<double>(3.0));
  same(xt::linspace<double>(0, 1, 3), xt::linspace<double>(0, 1, 3));
  same(xt::eye<double>({2, 3}), xt::eye<double>({2, 3}));
  same(xt::cast<int>(xt::view(a, xt::range(0, 2), xt::range(0, 3)) / 2.0),
       xt::cast<int>(xt::view(copy, xt::range(0, 2), xt::range(0, 3)) / 2.0));
  const auto twice = xt::vectorize([](double x) { return 2 * x; });
  same(twice(xt::view(a, xt::range(0, 2), xt::range(0, 3))),
       twice(xt::view(copy, xt::range(0, 2), xt::range(0, 3))));
}

TEST_CASE("the real part of complex elements is read as numbers, not as their memory") {
  std::vector<std::complex<double>> cells(12);
  for (std::size_t i = 0; i < 12; ++i) cells[i] = {static_cast<double>(i), -static_cast<double>(i)};
  const TileView<const std::complex<double>, 2> a(cells.data(), {3, 4}, {4, 1});
  std::vector<double> out(12);
  TileView<double, 2> tile(out.data(), {3, 4}, {4, 1});
  tile = xt::real(a) - 2.0 * xt::imag(a);
  for (std::size_t i = 0; i < 12; ++i) CHECK(out[i] == 3.0 * static_cast<double>(i));
  tile = xt::abs(a);
  CHECK(out[1] == Approx(std::sqrt(2.0)));
}

TEST_CASE("operands of a lower rank line up by their trailing axes") {
  std::vector<double> cells(24), out(24);
  std::iota(cells.begin(), cells.end(), 0.0);
  const TileView<const double, 1> row(cells.data(), {4}, {2});
  const TileView<const double, 0> one(cells.data() + 5, {}, {});
  TileView<double, 3> tile(out.data(), {2, 3, 4}, {12, 4, 1});
  tile = row + one;
  for (std::size_t i = 0; i < 24; ++i) CHECK(out[i] == 2.0 * static_cast<double>(i % 4) + 5);
}

TEST_CASE("a tile that is its own operand through a broadcast is read before it is written") {
  std::vector<double> cells{1, 2, 3, 4, 5, 6};
  TileView<double, 2> tile(cells.data(), {2, 3}, {3, 1});
  tile = tile + xt::view(tile, 0, xt::all());
  CHECK(cells == std::vector<double>{2, 4, 6, 5, 7, 9});
  tile += xt::view(tile, xt::range(1, 2), xt::all());
  CHECK(cells == std::vector<double>{7, 11, 15, 10, 14, 18});
}

TEST_CASE("memory read as another element type than it is written is read first") {
  std::vector<double> cells{1, 2, 3, 4};
  TileView<double, 1> tile(cells.data(), {4}, {1});
  const auto* bytes = reinterpret_cast<const unsigned char*>(cells.data());
  const TileView<const unsigned char, 1> low(bytes, {4}, {1});
  const std::vector<double> expected(bytes, bytes + 4);
  tile = low + 0.0;
  CHECK(cells == expected);
}

TEST_CASE("short rows far apart, which are fetched ahead, equal xtensor's own") {
  Random random(11);
  const auto check = [&]<std::size_t N>(const std::array<std::size_t, N>& shape, auto element) {
    using T = decltype(element);
    // Exactly the tile's memory, so that a sanitizer sees what is touched in front or behind.
    std::array<std::ptrdiff_t, N> strides{};
    strides[N - 1] = 1;
    std::size_t cells = shape[N - 1];
    for (std::size_t d = N - 1; d-- > 0;) {
      strides[d] = static_cast<std::ptrdiff_t>(cells + pick(random, 0, 1) * pick(random, 0, 70));
      cells = static_cast<std::size_t>(strides[d]) * (shape[d] - 1) + cells;
    }
    xt::uvector<T> a(cells), b(cells), out(cells, T(7));
    for (std::size_t i = 0; i < cells; ++i) {
      a[i] = static_cast<T>(pick(random, 0, 100));
      b[i] = static_cast<T>(pick(random, 1, 100));
    }
    auto b_strides = strides;
    auto b_at = b.data();
    if (pick(random, 0, 3) == 0) b_strides[pick(random, 0, N - 1)] = 0;
    if (pick(random, 0, 3) == 0) {
      b_at += b_strides[0] * (static_cast<std::ptrdiff_t>(shape[0]) - 1);
      b_strides[0] = -b_strides[0];
    }
    const TileView<const T, N> x(a.data(), shape, strides), y(b_at, shape, b_strides);
    TileView<T, N> tile(out.data(), shape, strides);
    const xt::xarray<T> expected = dense(x) * dense(y) + dense(x);
    tile = x * y + x;
    REQUIRE((dense(tile) == expected));
    const auto sevens = std::count(out.begin(), out.end(), T(7));
    const auto inside = std::count(expected.begin(), expected.end(), T(7));
    REQUIRE(static_cast<std::size_t>(sevens - inside) == cells - tile.size());
  };
  for (int round = 0; round < 300; ++round) {
    const std::array<std::size_t, 5> lengths{4, 8, 12, 32, pick(random, 1, 37)};
    const auto length = lengths[pick(random, 0, 4)];
    check(std::array{pick(random, 1, 60), length}, 0.0);
    check(std::array{pick(random, 1, 30), pick(random, 1, 6), length}, 0.0);
    check(std::array{pick(random, 1, 9), pick(random, 1, 60), length}, 0.0f);
    check(std::array{pick(random, 1, 3), pick(random, 1, 20), pick(random, 1, 5), length}, 0);
  }
}

TEST_CASE("elements that are structs are copied, and set from a scalar") {
  std::vector<Pair> cells(12), from(12);
  for (int i = 0; i < 12; ++i) from[static_cast<std::size_t>(i)] = {static_cast<float>(i), -i};
  TileView<Pair, 2> tile(cells.data() + 1, {2, 2}, {6, 2});
  tile = TileView<const Pair, 2>(from.data(), {2, 2}, {4, 1});
  CHECK(cells[1] == from[0]);
  CHECK(cells[3] == from[1]);
  CHECK(cells[9] == from[5]);
  CHECK(cells[2] == Pair{});
  tile = Pair{9, 9};
  CHECK(cells[7] == Pair{9, 9});
  CHECK(cells[8] == Pair{});
}

TEST_CASE("rows that follow each other in every operand are joined to one") {
  const std::array<std::size_t, 3> shape{3, 4, 5};
  std::vector<double> cells(400);
  const auto rows = [&](std::array<std::ptrdiff_t, 3> out, std::array<std::ptrdiff_t, 3> in) {
    tessera::detail::Operand<double, 3> a{cells.data(), out}, b{cells.data(), in};
    const tessera::detail::RowNest<3> joined(shape, a, b);
    std::vector<std::ptrdiff_t> lengths;
    REQUIRE(!joined.empty());
    tessera::detail::walk<0>(joined.counts, a, b,
                             [&](const auto&, const auto&) { lengths.push_back(joined.length); });
    return lengths;
  };
  using Lengths = std::vector<std::ptrdiff_t>;
  CHECK(rows({20, 5, 1}, {20, 5, 1}) == Lengths{60});
  CHECK(rows({20, 5, 1}, {0, 0, 0}) == Lengths{60});
  CHECK(rows({20, 5, 1}, {5, 0, 1}) == Lengths(3 * 4, 5));
  CHECK(rows({20, 5, 1}, {40, 5, 1}) == Lengths{20, 20, 20});
  CHECK(rows({20, 5, 1}, {60, 10, 1}) == Lengths(12, 5));
}
