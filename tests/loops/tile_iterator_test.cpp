// Algorithms of the standard library on tiles: whatever way they move, they meet each element once,
// and none of another tile.
#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <vector>

#include <tessera/loops/tile_iterator.hpp>
#include <tessera/loops/tile_view.hpp>

#include "support/catch.hpp"

using tessera::TileView;

namespace {

static_assert(std::random_access_iterator<TileView<int, 0>::iterator>);
static_assert(std::random_access_iterator<TileView<int, 3>::iterator>);
static_assert(std::random_access_iterator<TileView<int, 5>::const_iterator>);
static_assert(std::is_convertible_v<TileView<int, 3>::iterator, TileView<int, 3>::const_iterator>);

/// A tile of a larger array, and its elements, row-major.
template <std::size_t N>
struct Scene {
  std::vector<int> cells = std::vector<int>(6000, -1);
  std::array<std::size_t, N> shape{};
  std::array<std::ptrdiff_t, N> strides{};
  std::ptrdiff_t first = 3000;
  std::vector<int> elements;

  /// `step`: elements from one to the next on the last axis.
  explicit Scene(std::ptrdiff_t step) {
    constexpr std::array<std::size_t, 5> extents{3, 1, 2, 3, 2};
    std::ptrdiff_t n = step;
    for (std::size_t d = N; d-- > 0;) {
      shape[d] = extents[d];
      strides[d] = n;
      n *= static_cast<std::ptrdiff_t>(shape[d]) + 1;
    }
    auto tile = this->tile();
    elements.resize(tile.size());
    for (std::size_t k = 0; k < elements.size(); ++k)
      elements[k] = static_cast<int>(k * 7919 % 101 % 17);
    std::copy(elements.begin(), elements.end(), tile.begin());
  }
  TileView<int, N> tile() { return {cells.data() + first, shape, strides}; }
  bool neighbours_untouched() const {
    const auto others = std::count(cells.begin(), cells.end(), -1);
    return static_cast<std::size_t>(others) == cells.size() - elements.size();
  }
};

/// Fails unless an algorithm does with a tile what it does with a vector.
template <std::size_t N, class F>
void does_the_same(F&& algorithm) {
  for (const std::ptrdiff_t step : {1, 2, -1}) {
    Scene<N> scene(step);
    auto tile = scene.tile();
    auto expected = scene.elements;
    algorithm(tile.begin(), tile.end());
    algorithm(expected.begin(), expected.end());
    CHECK(std::vector<int>(tile.begin(), tile.end()) == expected);
    algorithm(tile.rbegin(), tile.rend());
    algorithm(expected.rbegin(), expected.rend());
    CHECK(std::vector<int>(tile.cbegin(), tile.cend()) == expected);
    CHECK(scene.neighbours_untouched());
  }
}

template <std::size_t N>
void all_do_the_same() {
  INFO("axes: " << N);
  does_the_same<N>([](auto a, auto b) { std::sort(a, b); });
  does_the_same<N>([](auto a, auto b) { std::stable_sort(a, b, std::greater<>()); });
  does_the_same<N>([](auto a, auto b) { std::reverse(a, b); });
  does_the_same<N>([](auto a, auto b) { std::rotate(a, a + (b - a) / 3, b); });
  does_the_same<N>([](auto a, auto b) { std::partial_sort(a, a + (b - a) / 2, b); });
  does_the_same<N>([](auto a, auto b) {
    std::nth_element(a, a + (b - a) / 2, b);
    std::sort(a, b);
  });
  does_the_same<N>(
      [](auto a, auto b) { std::stable_partition(a, b, [](int x) { return x > 8; }); });
  does_the_same<N>([](auto a, auto b) {
    std::make_heap(a, b);
    std::sort_heap(a, b);
  });
  does_the_same<N>([](auto a, auto b) { std::partial_sum(a, b, a); });
  does_the_same<N>([](auto a, auto b) { std::copy_backward(a, b - (b - a) / 2, b); });
  does_the_same<N>([](auto a, auto b) { std::inplace_merge(a, a + (b - a) / 2, b); });
}

}  // namespace

TEST_CASE("algorithms do with tiles of up to five axes what they do with a vector") {
  all_do_the_same<0>();
  all_do_the_same<1>();
  all_do_the_same<2>();
  all_do_the_same<3>();
  all_do_the_same<4>();
  all_do_the_same<5>();
}

TEST_CASE("a tile's elements are sorted in place where they lie scattered") {
  std::vector<int> cells{2, -1, 3, -1, 1, -1};  // a[:, 0, 0] of a {3, 1, 2} array
  TileView<int, 3> v(cells.data(), {3, 1, 1}, {2, 2, 1});
  std::sort(v.begin(), v.end());
  CHECK(cells == std::vector<int>{1, -1, 2, -1, 3, -1});
}

TEST_CASE("iterators move to any element, from either end, in both orders") {
  Scene<3> scene(1);
  auto tile = scene.tile();
  const auto size = static_cast<std::ptrdiff_t>(tile.size());
  for (std::ptrdiff_t from = 0; from <= size; ++from)
    for (std::ptrdiff_t to = 0; to < size; ++to) {
      auto it = tile.begin() + from;
      it += to - from;
      REQUIRE(*it == scene.elements[static_cast<std::size_t>(to)]);
      REQUIRE(it - tile.begin() == to);
      REQUIRE((tile.end() - it == size - to && it < tile.end() && it[0] == *it));
    }
  std::vector<int> columns;
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < 3; ++i) columns.push_back(tile(i, 0, k));
  constexpr auto order = xt::layout_type::column_major;
  CHECK(std::vector<int>(tile.begin<order>(), tile.end<order>()) == columns);
  CHECK(std::vector<int>(tile.rbegin<order>(), tile.rend<order>()) ==
        std::vector<int>(columns.rbegin(), columns.rend()));
}

TEST_CASE("a tile without elements begins at its end") {
  TileView<int, 3> none(nullptr, {2, 0, 3}, {3, 3, 1});
  CHECK(none.begin() == none.end());
  std::sort(none.begin(), none.end());
  CHECK(std::distance(none.rbegin(), none.rend()) == 0);
}
