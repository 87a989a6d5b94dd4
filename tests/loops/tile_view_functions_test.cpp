// What sorts, selects, rearranges and prints gives for a tile what it gives for an array.
#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>
#include <vector>

#include <tessera/loops/tile_extremes.hpp>
#include <tessera/loops/tile_sort.hpp>
#include <tessera/loops/tile_statistics.hpp>
#include <tessera/loops/tile_view.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

namespace {

template <std::size_t N>
void rearranges(const std::array<std::size_t, N>& shape) {
  for (const auto lie : lies) {
    Boxes<double, N> box(shape, lie, &mixed);
    const auto same = [&](const char* name, auto&& f) { gives_the_same(name, box, f); };
    for (std::size_t d = 0; d < N; ++d) {
      const auto axis = static_cast<std::ptrdiff_t>(d);
      same("sort", [=](const auto& x) { return xt::sort(x, axis); });
      same("argsort", [=](const auto& x) { return xt::argsort(x, axis); });
      same("argmin", [=](const auto& x) { return xt::argmin(x, axis); });
      same("argmax", [=](const auto& x) { return xt::argmax(x, axis); });
      same("median", [=](const auto& x) { return xt::median(x, axis); });
      same("flip", [=](const auto& x) { return xt::eval(xt::flip(x, d)); });
      same("roll", [=](const auto& x) { return xt::roll(x, 1, axis); });
      same("diff", [=](const auto& x) { return xt::diff(x, 1, axis); });
      same("repeat", [=](const auto& x) { return xt::eval(xt::repeat(x, 2, d)); });
    }
    same("sort of all", [](const auto& x) { return xt::sort(x, xt::placeholders::xtuph()); });
    same("argmin of all", [](const auto& x) { return xt::argmin(x)(); });
    same("argmax of all", [](const auto& x) { return xt::argmax(x)(); });
    same("median of all", [](const auto& x) { return xt::median(x); });
    same("partition", [](const auto& x) {
      auto out = xt::partition(x, std::size_t{1});
      return xt::eval(xt::amin(out));
    });
    same("argpartition", [](const auto& x) { return xt::argpartition(x, std::size_t{1}).size(); });
    same("unique", [](const auto& x) { return xt::unique(x); });
    same("setdiff1d", [](const auto& x) { return xt::setdiff1d(x, xt::xtensor<double, 1>{1.0}); });
    same("isin", [](const auto& x) { return xt::eval(xt::isin(x, xt::xtensor<double, 1>{1.0})); });
    same("transpose", [](const auto& x) { return xt::eval(xt::transpose(x)); });
    same("ravel", [](const auto& x) { return xt::xarray<double>(xt::ravel(x)); });
    same("flatten", [](const auto& x) { return xt::xarray<double>(xt::flatten(x)); });
    same("squeeze", [](const auto& x) { return xt::xarray<double>(xt::squeeze(x)); });
    same("expand_dims", [](const auto& x) { return xt::xarray<double>(xt::expand_dims(x, 0)); });
    same("reshape_view", [](const auto& x) {
      return xt::eval(xt::reshape_view(x, std::array<std::size_t, 1>{x.size()}));
    });
    same("clip", [](const auto& x) { return xt::eval(xt::clip(x, -1.0, 1.0)); });
    same("where", [](const auto& x) { return xt::eval(xt::where(x > 0.0, x, -x)); });
    same("nonzero", [](const auto& x) { return xt::nonzero(x > 0.0); });
    same("argwhere", [](const auto& x) { return xt::argwhere(x > 0.0).size(); });
    same("filter", [](const auto& x) { return xt::eval(xt::filter(x, x > 0.0)); });
    same("isclose", [](const auto& x) { return xt::eval(xt::isclose(x, x + 1e-12)); });
    same("allclose", [](const auto& x) { return xt::allclose(x, x); });
    same("cast", [](const auto& x) { return xt::eval(xt::cast<int>(x)); });
    same("vectorize",
         [](const auto& x) { return xt::eval(xt::vectorize([](double v) { return 2 * v; })(x)); });
    same("concatenate",
         [](const auto& x) { return xt::eval(xt::concatenate(xt::xtuple(x, x), 0)); });
    same("stack", [](const auto& x) { return xt::eval(xt::stack(xt::xtuple(x, x), 0)); });
    same("keep", [](const auto& x) { return xt::eval(xt::view(x, xt::keep(0, 0))); });
    same("first of an axis", [](const auto& x) { return xt::eval(xt::view(x, 0)); });
    same("printed", [](const auto& x) {
      std::ostringstream out;
      out << x;
      return out.str();
    });
    same("as npy", [](const auto& x) { return xt::dump_npy(x); });
    same("operators", [](const auto& x) { return xt::eval(x * x - 2.0 * x + xt::exp(-x * x)); });
    same("comparison", [](const auto& x) { return x == x; });
  }
}

}  // namespace

TEST_CASE("sorters and manipulators give for a tile of two axes what they give for an array") {
  rearranges<2>({4, 5});
}
TEST_CASE("sorters and manipulators give for a tile of three axes what they give for an array") {
  rearranges<3>({3, 4, 2});
}
TEST_CASE("sorts give for tiles of one and four axes what they give for an array") {
  for (const auto lie : lies) {
    Boxes<double, 1> row({7}, lie, &mixed);
    gives_the_same("sort", row, [](const auto& x) { return xt::sort(x); });
    gives_the_same("argsort", row, [](const auto& x) { return xt::argsort(x); });
    gives_the_same("histogram", row,
                   [](const auto& x) { return xt::histogram(x, std::size_t{4}); });
    gives_the_same("digitize", row, [](const auto& x) {
      return xt::xarray<std::size_t>(xt::digitize(x, xt::xtensor<double, 1>{-5.0, 0.0, 5.0}));
    });
    gives_the_same("trim_zeros", row, [](const auto& x) { return xt::trim_zeros(x); });
    Boxes<double, 4> deep({2, 3, 2, 4}, lie, &mixed);
    gives_the_same("sort", deep, [](const auto& x) { return xt::sort(x, 1); });
    gives_the_same("argsort", deep, [](const auto& x) { return xt::argsort(x, 2); });
    gives_the_same("median", deep, [](const auto& x) { return xt::median(x, 0); });
  }
}

TEST_CASE("a cast to integers gives every float one result") {
  Boxes<double, 2> box({3, 20}, Lie::scattered, [](std::size_t k) {
    return k % 4 == 0 ? 300.0 : k % 4 == 1 ? -3.5 : k % 4 == 2 ? std::nan("") : 7.9;
  });
  const xt::xtensor<std::uint8_t, 2> bytes = xt::cast<std::uint8_t>(box.input());
  const xt::xtensor<int, 2> sums = xt::cast<std::uint8_t>(box.input() + 0.0) + 1;
  constexpr std::array<std::uint8_t, 4> expected{255, 0, 0, 7};
  for (std::size_t k = 0; k < 60; ++k) {
    CHECK(bytes.data()[k] == expected[k % 4]);
    CHECK(sums.data()[k] == expected[k % 4] + 1);
  }
}
