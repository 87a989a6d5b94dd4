#include <tessera/pool/tiled_pool.hpp>

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::full;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using tessera::TileGrid;
using tessera::whole;
using xt::all;
using xt::range;
using xt::view;

namespace {

using Random = std::mt19937;

/// Every test here runs in this process, in worker processes and in both.
TiledPool every_pool() {
  switch (GENERATE(0, 1, 2)) {
    case 0: return TiledPool::in_caller();
    case 1: return TiledPool(3);
    default: return TiledPool(3, {.caller_computes = true});
  }
}

template <std::size_t N>
using Index = std::array<std::size_t, N>;

/// Calls f(index) for every index of a shape, in row-major order.
template <std::size_t N, class F>
void each(const Index<N>& shape, F&& f) {
  for (const auto extent : shape)
    if (extent == 0) return;
  Index<N> index{};
  for (;;) {
    f(std::as_const(index));
    std::size_t d = N;
    while (d-- > 0) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
    if (d == static_cast<std::size_t>(-1)) return;
  }
}

template <class A, std::size_t N>
decltype(auto) at(A& array, const Index<N>& index) {
  return std::apply([&](auto... i) -> decltype(auto) { return array(i...); }, index);
}

template <class A>
void fill_counting(A& array, double start = 1) {
  for (auto& element : array) element = static_cast<typename A::value_type>(start++);
}

template <std::size_t N>
Index<N> random_shape(Random& random, std::size_t least = 0) {
  Index<N> out;
  for (auto& extent : out) extent = least + random() % (N > 2 ? 6 : 12);
  return out;
}

template <std::size_t R>
Index<R> random_tile(Random& random) {
  Index<R> out;
  for (auto& extent : out) extent = random() % 5 == 0 ? full : 1 + random() % 7;
  return out;
}

template <std::size_t N, std::size_t R>
Index<R> trailing(const Index<N>& shape) {
  Index<R> out;
  std::copy(shape.end() - R, shape.end(), out.begin());
  return out;
}

struct Seen {
  std::size_t number = 0, elements = 0;
  std::int64_t sum = 0;
};

// Random shapes of rank N in random tiles of rank R: every element written once, each result where
// its tile stands in the grid.
template <std::size_t N, std::size_t R>
void map_random(TiledPool& pool, Random& random) {
  const auto shape = random_shape<N>(random);
  const auto tile = random_tile<R>(random);
  auto in = SharedArray<std::int32_t, N>::create(shape);
  auto out = SharedArray<std::int64_t, N>::create(shape);
  fill_counting(in);
  const auto results = pool.map(
      tile,
      [](const Tile<R>& t, auto v, auto x) {
        v = v + 2 * x + 1;
        Seen seen{t.number(), v.size(), 0};
        for (const auto element : x) seen.sum += element;
        return seen;
      },
      into(out), in);

  const TileGrid<R> grid(trailing<N, R>(shape), tile);
  bool right = true;
  std::vector<Seen> expected(grid.size());
  each(shape, [&](const Index<N>& index) {
    right = right && at(out, index) == 2 * at(in, index) + 1;
    auto& seen = expected[grid.tile_of(trailing<N, R>(index))];
    ++seen.elements;
    seen.sum += at(in, index);
  });
  REQUIRE(right);
  REQUIRE(results.shape() == grid.counts());
  for (std::size_t k = 0; k < grid.size(); ++k) {
    const auto& seen = results.data()[k];
    REQUIRE(seen.number == k);
    REQUIRE(seen.elements == expected[k].elements);
    REQUIRE(seen.sum == expected[k].sum);
  }
}

// A random section: N ranges with steps of either sign, and the indices it stands for.
struct Axis {
  std::ptrdiff_t start, stop, step;
  std::size_t count() const {
    const auto span = step > 0 ? stop - start : start - stop;
    const auto stride = step > 0 ? step : -step;
    return span <= 0 ? 0 : static_cast<std::size_t>((span + stride - 1) / stride);
  }
  std::size_t place(std::size_t i) const {
    return static_cast<std::size_t>(start + static_cast<std::ptrdiff_t>(i) * step);
  }
  auto range() const { return xt::range(start, stop, step); }
};
Axis random_axis(Random& random, std::size_t count) {
  const auto step = static_cast<std::ptrdiff_t>(1 + random() % 3);
  const auto start = static_cast<std::ptrdiff_t>(random() % 3);
  return {start, start + step * static_cast<std::ptrdiff_t>(count), step};
}

}  // namespace

TEST_CASE("map computes random shapes of every rank in random tiles") {
  auto pool = every_pool();
  Random random(1);
  for (int round = 0; round < 25; ++round) {
    map_random<1, 1>(pool, random);
    map_random<2, 1>(pool, random);
    map_random<2, 2>(pool, random);
    map_random<3, 2>(pool, random);
    map_random<3, 3>(pool, random);
    map_random<4, 1>(pool, random);
    map_random<4, 3>(pool, random);
    map_random<4, 4>(pool, random);
  }
}

TEST_CASE("map reads and writes sections with steps and leaves all other elements alone") {
  auto pool = every_pool();
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    const std::size_t rows = random() % 7, columns = random() % 9;
    const auto r = random_axis(random, rows), c = random_axis(random, columns);
    const auto s = random_axis(random, rows), d = random_axis(random, columns);
    auto in = SharedArray<float, 2>::create({30, 40});
    auto out = SharedArray<double, 3>::create({2, 30, 40});
    fill_counting(in);
    fill_counting(out, -3000);
    const xt::xtensor<double, 3> before = out;
    pool.map(
        random_tile<2>(random), [](auto v, auto x) { v = v + 1000.0 * x; },
        into(view(out, 1, r.range(), c.range())), view(in, s.range(), d.range()));
    xt::xtensor<double, 3> expected = before;
    for (std::size_t i = 0; i < r.count(); ++i)
      for (std::size_t j = 0; j < c.count(); ++j)
        expected(1, r.place(i), c.place(j)) +=
            1000.0 * static_cast<double>(in(s.place(i), d.place(j)));
    REQUIRE(std::equal(out.begin(), out.end(), expected.begin()));
  }
}

TEST_CASE("map reads and writes sections that run backwards") {
  auto pool = every_pool();
  auto in = SharedArray<int, 2>::create({6, 10});
  auto out = SharedArray<int, 2>::create({6, 10});
  fill_counting(in);
  pool.map(
      {2, 3}, [](auto v, auto x) { v = x; },
      into(view(out, range(5, xt::placeholders::_, -1), all())),
      view(in, all(), range(9, xt::placeholders::_, -1)));
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 10; ++j) REQUIRE(out(5 - i, j) == in(i, 9 - j));
  pool.map(
      {2, 3}, [](auto v, auto x) { v = x + v; }, into(view(out, all(), range(8, 1, -3))),
      view(in, all(), range(0, 3)));
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 10; ++j) {
      const bool written = j == 8 || j == 5 || j == 2;
      REQUIRE(out(i, j) == in(5 - i, 9 - j) + (written ? in(i, (8 - j) / 3) : 0));
    }
}

TEST_CASE("a broadcast input's tile has the extents that it has itself") {
  auto pool = every_pool();
  auto out = SharedArray<int, 2>::create({4, 6});
  const auto column = SharedArray<int, 2>::create({4, 1}),
             row = SharedArray<int, 2>::create({1, 6});
  const auto extents = pool.map(
      {2, 3},
      [](auto, auto c, auto r) {
        return static_cast<int>(1000 * c.shape(0) + 100 * c.shape(1) + 10 * r.shape(0) +
                                r.shape(1));
      },
      into(out), column, row);
  REQUIRE(extents == xt::xtensor<int, 2>{{2113, 2113}, {2113, 2113}});
}

TEST_CASE("map broadcasts inputs along missing axes and extents of 1") {
  auto pool = every_pool();
  Random random(3);
  for (int round = 0; round < 30; ++round) {
    const auto shape = random_shape<3>(random);
    auto out = SharedArray<double, 3>::create(shape);
    auto row = SharedArray<int, 1>::create({shape[2]});
    auto column = SharedArray<double, 2>::create({shape[1], 1});
    auto depth = SharedArray<float, 3>::create({shape[0], 1, 1});
    auto one = SharedArray<double, 0>::create({});
    fill_counting(row);
    fill_counting(column, 100);
    fill_counting(depth, 1000);
    one() = 0.5;
    const auto check = [&] {
      bool right = true;
      each(shape, [&](const Index<3>& x) {
        right = right && at(out, x) == row(x[2]) + column(x[1], 0) +
                                           static_cast<double>(depth(x[0], 0, 0)) + 0.5;
      });
      REQUIRE(right);
      for (auto& element : out) element = -1;
    };
    const auto sum = [](auto v, auto r, auto c, auto d, auto o) { v = r + c + d + o; };
    pool.map(random_tile<3>(random), sum, into(out), row, column, depth, one);
    check();
    pool.map(random_tile<2>(random), sum, into(out), row, column, depth, one);
    check();
    pool.transform(
        out, [](int r, double c, float d, double o) { return r + c + static_cast<double>(d) + o; },
        row, column, depth, one);
    check();
  }
}

TEST_CASE("a whole argument is read in full by every tile") {
  auto pool = every_pool();
  auto table = SharedArray<double, 1>::create({5});
  auto in = SharedArray<int, 2>::create({7, 9});
  auto out = SharedArray<double, 2>::create({7, 9});
  fill_counting(table, 10);
  fill_counting(in);
  const auto sizes = pool.map(
      {2, 4},
      [](auto v, auto x, auto t) {
        for (std::size_t i = 0; i < v.shape()[0]; ++i)
          for (std::size_t j = 0; j < v.shape()[1]; ++j)
            v(i, j) = t(static_cast<std::size_t>(x(i, j)) % t.size());
        return t.size();
      },
      into(out), in, whole(table));
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t j = 0; j < 9; ++j)
      REQUIRE(out(i, j) == table(static_cast<std::size_t>(in(i, j)) % 5));
  for (const auto size : sizes) REQUIRE(size == 5);
}

TEST_CASE("a mean over the first axis writes an array without it") {
  auto pool = every_pool();
  auto in = SharedArray<double, 3>::create({5, 7, 6});
  auto mean = SharedArray<double, 2>::create({7, 6});
  fill_counting(in);
  pool.map(
      {3, 4}, [](auto m, auto x) { m = xt::mean(x, {0}); }, into(mean), in);
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t j = 0; j < 6; ++j) {
      double sum = 0;
      for (std::size_t t = 0; t < 5; ++t) sum += in(t, i, j);
      REQUIRE(mean(i, j) == Approx(sum / 5));
    }
}

TEST_CASE("a stencil of shifted views gives what a plain loop gives") {
  auto pool = every_pool();
  auto in = SharedArray<double, 2>::create({13, 17});
  auto out = SharedArray<double, 2>::create({13, 17});
  fill_counting(in);
  for (auto& element : in) element *= element;
  const auto inner = [&](int di, int dj) {
    return view(in, range(1 + di, 12 + di), range(1 + dj, 16 + dj));
  };
  pool.map(
      {4, 4}, [](auto v, auto n, auto s, auto w, auto e, auto c) { v = n + s + w + e - 4 * c; },
      into(view(out, range(1, 12), range(1, 16))), inner(-1, 0), inner(1, 0), inner(0, -1),
      inner(0, 1), inner(0, 0));
  for (std::size_t i = 1; i < 12; ++i)
    for (std::size_t j = 1; j < 16; ++j)
      REQUIRE(out(i, j) ==
              in(i - 1, j) + in(i + 1, j) + in(i, j - 1) + in(i, j + 1) - 4 * in(i, j));
  REQUIRE(out(0, 5) == 0);
}

TEST_CASE("map updates an array in place") {
  auto pool = every_pool();
  auto a = SharedArray<int, 2>::create({9, 10});
  fill_counting(a);
  pool.map(
      {4, 4}, [](auto v, auto x) { v = 3 * x; }, into(a), a);
  pool.map(
      {2, full}, [](auto v) { v += 1; }, into(a));
  int n = 1;
  for (const int element : a) REQUIRE(element == 3 * n++ + 1);
}

TEST_CASE("a kernel may return void, numbers, bools or structs of several kilobytes") {
  auto pool = every_pool();
  auto a = SharedArray<int, 2>::create({5, 7});
  fill_counting(a);
  struct Large {
    std::array<int, 4000> values;
  };
  static_assert(std::is_void_v<decltype(pool.map(
                    {2, 2}, [](auto) {}, a))>);
  const xt::xtensor<int, 2> first = pool.map(
      {2, 2}, [](auto x) { return x(0, 0); }, a);
  const xt::xtensor<bool, 2> odd = pool.map(
      {2, 2}, [](auto x) { return x(0, 0) % 2 == 1; }, a);
  const auto large = pool.map(
      {2, 2},
      [](auto x) {
        Large out{};
        out.values.fill(x(0, 0));
        return out;
      },
      a);
  const auto complex = pool.map(
      {2, 2}, [](auto x) { return std::complex<double>(x(0, 0), 1); }, a);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      REQUIRE(first(i, j) == a(2 * i, 2 * j));
      REQUIRE(odd(i, j) == (a(2 * i, 2 * j) % 2 == 1));
      REQUIRE(large(i, j).values[3999] == a(2 * i, 2 * j));
      REQUIRE(complex(i, j).real() == a(2 * i, 2 * j));
    }
}

TEST_CASE("an array without elements has no tiles and an empty result") {
  auto pool = every_pool();
  auto a = SharedArray<double, 2>::create({0, 7});
  const auto results = pool.map(
      {2, 3}, [](auto) { return 1; }, into(a));
  REQUIRE(results.shape() == Index<2>{0, 3});
  auto b = SharedArray<double, 2>::create({0, 7});
  pool.transform(
      a, [](double x) { return x; }, b);
  REQUIRE(pool.report().tiles == 0);
}

TEST_CASE("an axis without elements that is not cut leaves tiles with no element") {
  auto pool = every_pool();
  auto a = SharedArray<double, 3>::create({0, 4, 4});
  const auto sizes = pool.map(
      {2, 2}, [](auto x) { return x.size(); }, a);
  REQUIRE(sizes.size() == 4);
  for (const auto size : sizes) REQUIRE(size == 0);
}

TEST_CASE("an array of rank 0 is one tile") {
  auto pool = every_pool();
  auto a = SharedArray<double, 0>::create({});
  auto b = SharedArray<double, 0>::create({});
  a() = 20;
  const auto results = pool.map(
      {1},
      [](auto v, auto x) {
        v = x + 1;
        return x();
      },
      into(b), a);
  REQUIRE(b() == 21);
  REQUIRE(results.size() == 1);
  REQUIRE(results(0) == 20);
  pool.transform(
      a, [](double x) { return 2 * x; }, b);
  REQUIRE(a() == 42);
}

TEST_CASE("files on disk are arguments as arrays in memory are") {
  const Folder folder;
  auto pool = every_pool();
  {
    auto made = SharedArray<double, 2>::create_file(folder.file("in.npy"), {6, 9});
    fill_counting(made);
  }
  const auto in = SharedArray<const double, 2>::map_file(folder.file("in.npy"));
  auto out = SharedArray<double, 2>::create_file(folder.file("out.npy"), {6, 9});
  auto named = SharedArray<double, 2>::create({6, 9});
  pool.map(
      {4, 4}, [](auto v, auto n, auto x) { v = n = x + 0.5; }, into(out), into(named), in);
  pool.transform(named, std::plus<>{}, out, in);
  const auto again = SharedArray<double, 2>::load(folder.file("out.npy"));
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 9; ++j) {
      REQUIRE(again(i, j) == in(i, j) + 0.5);
      REQUIRE(named(i, j) == 2 * in(i, j) + 0.5);
    }
}

TEST_CASE("arrays that others attached or keep are arguments") {
  auto pool = every_pool();
  auto owner = SharedArray<int, 1>::create({100});
  auto attached = SharedArray<int, 1>::attach(owner.name());
  const auto read_only = SharedArray<const int, 1>::attach(owner.name());
  auto out = SharedArray<int, 1>::create({100});
  pool.map(
      {7}, [](auto v) { v = 5; }, into(attached));
  pool.map(
      {7}, [](auto v, auto x) { v = x; }, into(out), read_only);
  for (const int element : out) REQUIRE(element == 5);
}

TEST_CASE("transform computes random shapes, types and sections as a plain loop does") {
  auto pool = every_pool();
  Random random(4);
  const auto f = [](std::int16_t x, double y) { return 2.5 * x - y; };
  for (int round = 0; round < 40; ++round) {
    const auto shape = random_shape<3>(random);
    auto x = SharedArray<std::int16_t, 3>::create(shape);
    auto y = SharedArray<double, 3>::create(shape);
    auto out = SharedArray<float, 3>::create(shape);
    fill_counting(x);
    fill_counting(y, -50);
    pool.transform(out, f, x, y);
    bool right = true;
    each(shape, [&](const Index<3>& i) {
      right = right && at(out, i) == static_cast<float>(f(at(x, i), at(y, i)));
    });
    REQUIRE(right);
    pool.transform(
        into(y), [](double a, double b) { return a + b; }, y, y);
    double n = -50;
    for (const double element : y) right = right && element == 2 * n++;
    REQUIRE(right);

    const std::size_t count = random() % 12;
    const auto r = random_axis(random, count), s = random_axis(random, count);
    auto wide = SharedArray<double, 2>::create({5, 60});
    auto narrow = SharedArray<int, 1>::create({60});
    fill_counting(narrow);
    pool.transform(
        view(wide, all(), r.range()), [](int a) { return a * a; }, view(narrow, s.range()));
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t j = 0; j < count; ++j)
        right = right && wide(i, r.place(j)) == narrow(s.place(j)) * narrow(s.place(j));
    }
    REQUIRE(right);
    const auto zeros = static_cast<std::size_t>(std::count(wide.begin(), wide.end(), 0.0));
    REQUIRE(zeros == wide.size() - 5 * count);
  }
}

TEST_CASE("transform takes function pointers, function objects and lambdas without inputs") {
  auto pool = every_pool();
  auto a = SharedArray<double, 1>::create({20000});
  auto b = SharedArray<bool, 1>::create({20000});
  fill_counting(a);
  double (*root)(double) = [](double x) { return x * 0.5; };
  pool.transform(a, root, a);
  REQUIRE(a(19999) == 10000);
  pool.transform(a, std::negate<>{}, a);
  REQUIRE(a(19999) == -10000);
  pool.transform(
      b, [](double x) { return x < -5000; }, a);
  REQUIRE_FALSE(b(0));
  REQUIRE(b(19999));
  pool.transform(a, [] { return 7; });
  for (const double element : a) REQUIRE(element == 7);
}

TEST_CASE("transform of a large array is right in every element") {
  auto pool = every_pool();
  const auto shape =
      GENERATE(Index<3>{3, 700, 500}, Index<3>{2000, 3, 170}, Index<3>{1, 1, 1000000});
  auto x = SharedArray<float, 3>::create(shape);
  auto out = SharedArray<float, 3>::create(shape);
  fill_counting(x);
  pool.transform(
      out, [](float v) { return v + 1; }, x);
  float n = 2;
  std::size_t wrong = 0;
  for (const float element : out) wrong += element != n++;
  REQUIRE(wrong == 0);
  REQUIRE(pool.report().tiles > pool.workers());
}

TEST_CASE("transform in tiles of any shape computes what it computes without") {
  auto pool = every_pool();
  const Index<3> shape{7, 23, 38};
  auto x = SharedArray<int, 3>::create(shape);
  auto weights = SharedArray<int, 1>::create({38});
  auto out = SharedArray<int, 3>::create(shape);
  fill_counting(x);
  fill_counting(weights);
  const auto check = [&](std::size_t tiles) {
    REQUIRE((out == x * weights));
    REQUIRE(pool.report().tiles == tiles);
    out.fill(0);
  };
  pool.transform({4, 4}, out, std::multiplies<>{}, x, weights);
  check(6 * 10);
  pool.transform({1, 1, 1}, out, std::multiplies<>{}, x, weights);
  check(7 * 23 * 38);
  pool.transform({5}, out, std::multiplies<>{}, x, weights);
  check(8);
  pool.transform({3, full, 7}, out, std::multiplies<>{}, x, weights);
  check(3 * 6);
  pool.transform_async({9, 9}, into(out), std::multiplies<>{}, x, weights).get();
  check(3 * 5);
}

TEST_CASE("transform in tiles runs just the tiles of a list") {
  auto pool = every_pool();
  auto out = SharedArray<int, 2>::create({4, 6});
  pool.transform({2, 2}, out, {.only = std::vector<std::size_t>{1, 2, 4}}, [] { return 1; });
  const xt::xtensor<int, 2> expected{
      {0, 0, 1, 1, 1, 1}, {0, 0, 1, 1, 1, 1}, {0, 0, 1, 1, 0, 0}, {0, 0, 1, 1, 0, 0}};
  REQUIRE((out == expected));
}

TEST_CASE("transform of arrays far larger than the caches is right in every element") {
  const std::size_t n = tessera::host::last_level_cache() / sizeof(float) + 12345;
  if (n > std::size_t{100} << 20) WARN("the cache is so large that nothing is streamed here");
  TiledPool pool(2);
  auto x = SharedArray<float, 2>::create({3, std::min(n, std::size_t{100} << 20)});
  auto out = SharedArray<float, 2>::create(x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % 1000);
  pool.transform(
      out, [](float v) { return v + 1; }, x);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    wrong += out.data()[i] != static_cast<float>(i % 1000 + 1);
  REQUIRE(wrong == 0);
}

TEST_CASE("an input of transform in tiles that does not broadcast to the output is refused") {
  auto pool = every_pool();
  auto x = SharedArray<int, 3>::create({3, 4, 6});
  auto out = SharedArray<int, 3>::create({5, 4, 6});
  const auto error = error_of([&] { pool.transform({2, 2}, out, std::negate<>{}, x); });
  REQUIRE(error.errc() == Errc::shape_mismatch);
  REQUIRE((out == 0 * out));
}

TEST_CASE("a pool whose caller computes has one process less and reports a share of its own") {
  TiledPool pool(2, {.caller_computes = true});
  REQUIRE(pool.workers() == 2);
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 1; }));
  auto a = SharedArray<int, 1>::create({100});
  int jobs = 0;
  REQUIRE(wait_until([&] {
    pool.map(
        {1}, [](auto v) { v += 1; }, into(a));
    ++jobs;
    return pool.report().tiles_per_worker[0] > 0;
  }));
  for (const int element : a) REQUIRE(element == jobs);
}

TEST_CASE("a thousand small tiles and single-element tiles are all computed") {
  auto pool = every_pool();
  auto a = SharedArray<int, 2>::create({100, 100});
  const auto results = pool.map(
      {1, 1},
      [](const Tile<2>& tile, auto v) {
        v = static_cast<int>(tile.number());
        return tile.number();
      },
      into(a));
  for (std::size_t k = 0; k < 10000; ++k) {
    REQUIRE(results.data()[k] == k);
    REQUIRE(a.data()[k] == static_cast<int>(k));
  }
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a kernel sees globals as they were when the pool was forked") {
  static int a_global = 1;
  a_global = 2;
  TiledPool pool(2, {.start_method = tessera::StartMethod::fork});
  a_global = 3;
  auto a = SharedArray<int, 1>::create({10});
  pool.map(
      {1}, [](auto v) { v = a_global; }, into(a));
  for (const int element : a) REQUIRE(element == 2);
}
#endif

TEST_CASE("a pool of 0 workers, a negative number or thousands is refused") {
  const int negative = -1;
  for (const auto workers :
       {std::size_t{0}, static_cast<std::size_t>(negative), std::size_t{5000}}) {
    const auto error = error_of([&] { TiledPool pool(workers); });
    REQUIRE(error.errc() == Errc::invalid_argument);
    REQUIRE(has(error.what(), "in_caller"));
  }
}

#if defined(TESSERA_POSIX)  // 63 are the most
TEST_CASE("two hundred workers compute a job and end") {
  std::vector<int> pids;
  {
    TiledPool pool(200);
    REQUIRE(pool.workers() == 200);
    auto a = SharedArray<int, 1>::create({1000});
    pool.map(
        {1}, [](const Tile<1>& t, auto v) { v = static_cast<int>(t.number()); }, into(a));
    for (std::size_t k = 0; k < 1000; ++k) REQUIRE(a(k) == static_cast<int>(k));
    REQUIRE(wait_until([&] { return pool.worker_pids().size() == 200; }));
    pids = pool.worker_pids();
  }
  for (const int pid : pids) REQUIRE_FALSE(exists("/proc/" + std::to_string(pid)));
}
#endif

TEST_CASE("a pool that is made has a worker for each core by default") {
  TiledPool pool;
  REQUIRE(pool.workers() == tessera::host::usable_cores());
  REQUIRE(TiledPool::in_caller().workers() == 1);
  REQUIRE(TiledPool::in_caller().worker_pids().empty());
}

TEST_CASE("two pools work at once on the same arrays") {
  TiledPool one(2), two(2);
  auto a = SharedArray<int, 1>::create({1000});
  auto b = SharedArray<int, 1>::create({1000});
  for (int round = 0; round < 50; ++round) {
    one.map(
        {10}, [](auto v, auto x) { v = x + 1; }, into(a), b);
    two.map(
        {10}, [](auto v, auto x) { v = x + 1; }, into(b), a);
  }
  for (const int element : b) REQUIRE(element == 100);
}

TEST_CASE("a job in a pool that was moved works") {
  TiledPool first(2);
  auto a = SharedArray<int, 1>::create({10});
  first.map(
      {1}, [](auto v) { v += 1; }, into(a));
  TiledPool second = std::move(first);
  second.map(
      {1}, [](auto v) { v += 1; }, into(a));
  for (const int element : a) REQUIRE(element == 2);
}

TEST_CASE("a kernel may take what it reads as an array of its own") {
  auto pool = TiledPool::in_caller();
  const auto in = SharedArray<double, 2>::copy_of(xt::ones<double>({4, 4}));
  auto out = SharedArray<double, 2>::create({4, 4});
  pool.map(
      {2, 2}, [](tessera::TileView<double, 2> v, const xt::xtensor<double, 2>& x) { v = x + 1; },
      into(out), in);
  REQUIRE(out(3, 3) == 2);
}

TEST_CASE("transform takes a tile as a std::array too") {
  auto pool = TiledPool::in_caller();
  const auto in = SharedArray<double, 2>::copy_of(xt::ones<double>({6, 6}));
  auto out = SharedArray<double, 2>::create({6, 6});
  const std::array<std::size_t, 2> tile{4, 4};
  const auto twice = [](double x) { return 2 * x; };
  pool.transform(tile, out, twice, in);
  REQUIRE(out(5, 5) == 2);
  pool.transform(tile, out, tessera::JobOptions{}, twice, out);
  REQUIRE(out(5, 5) == 4);
  pool.transform_async(tile, out, twice, out).get();
  REQUIRE(out(0, 5) == 8);
}

TEST_CASE("a kernel and a function of transform may be variadic") {
  auto pool = TiledPool::in_caller();
  const auto in = SharedArray<double, 2>::copy_of(xt::ones<double>({4, 4}));
  auto out = SharedArray<double, 2>::create({4, 4});
  pool.map(
      {2, 2}, [](auto v, auto... x) { v = (x + ...); }, into(out), in, in, in);
  REQUIRE(out(3, 3) == 3);
  const auto counts = pool.map(
      {2, 2}, [](const tessera::Tile<2>&, auto... x) { return sizeof...(x); }, in, in);
  REQUIRE(counts(1, 1) == 2);
  const auto all = pool.map(
      {2, 2}, [](auto... x) { return sizeof...(x); }, in, in);
  REQUIRE(all(1, 1) == 2);
  pool.transform(
      out, [](auto... x) { return (x + ...); }, in, out);
  REQUIRE(out(0, 0) == 4);
}

TEST_CASE("a pool that was moved from is an Error, and the pool it went to works") {
  auto first = some_pool();
  auto second = std::move(first);
  auto a = SharedArray<int, 1>::create({4});
  REQUIRE(error_of([&] { first.map({1}, add_one, into(a)); }).errc() == Errc::pool_unusable);
  second.map({1}, add_one, into(a));
  REQUIRE(a(3) == 1);
}
