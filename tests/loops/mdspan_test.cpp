// Tests of loops/mdspan.hpp: built where there is an mdspan, see tests/CMakeLists.txt.
#include <tessera/loops/mdspan.hpp>

#include <array>
#include <cstddef>
#include <numeric>
#include <type_traits>
#include <vector>

#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/shared_array.hpp>
#include <tessera/pool/tiled_pool.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::TileView;
namespace md = TESSERA_MDSPAN_NAMESPACE;
using At1 = std::array<std::size_t, 1>;
using At2 = std::array<std::size_t, 2>;
using At3 = std::array<std::size_t, 3>;

namespace {

/// What a function of somebody else takes.
template <class T>
using Strided = md::mdspan<T, md::dextents<std::size_t, 2>, md::layout_stride>;
int sum_of(Strided<const int> m) {
  int out = 0;
  for (std::size_t i = 0; i < m.extent(0); ++i)
    for (std::size_t j = 0; j < m.extent(1); ++j) out += m[At2{i, j}];
  return out;
}

/// A 4x6 grid of 0 to 23 with a 2x3 tile at (1, 2): 8 9 10 / 14 15 16.
struct Cells {
  std::vector<int> cells = std::vector<int>(24);
  TileView<int, 2> tile{cells.data() + 8, {2, 3}, {6, 1}};
  Cells() { std::iota(cells.begin(), cells.end(), 0); }
};

}  // namespace

TEST_CASE("an array's mdspan has its shape and its elements, in row-major order") {
  auto a = SharedArray<double, 3>::create({2, 3, 4});
  const auto m = a.mdspan();
  static_assert(std::is_same_v<std::remove_const_t<decltype(m)>,
                               md::mdspan<double, md::dextents<std::size_t, 3>>>);
  CHECK(m.extent(0) == 2);
  CHECK(m.extent(1) == 3);
  CHECK(m.extent(2) == 4);
  m[At3{1, 2, 3}] = 7;
  CHECK(a(1, 2, 3) == 7);
}

TEST_CASE("the mdspan of what is read-only has const elements") {
  auto a = SharedArray<int, 1>::create({3});
  a(2) = 5;
  const auto reader = SharedArray<const int, 1>::attach(a.name());
  const auto& same = a;
  static_assert(std::is_same_v<decltype(reader.mdspan())::element_type, const int>);
  static_assert(std::is_same_v<decltype(same.mdspan())::element_type, const int>);
  CHECK(reader.mdspan()[At1{2}] == 5);
  CHECK(same.mdspan()[At1{2}] == 5);
  Cells g;
  const TileView<const int, 2> input(g.cells.data(), {4, 6}, {6, 1});
  static_assert(std::is_same_v<decltype(input.mdspan())::element_type, const int>);
  CHECK(input.mdspan()[At2{3, 5}] == 23);
}

TEST_CASE("no array is an empty mdspan") {
  SharedArray<int, 2> none;
  CHECK(none.mdspan().size() == 0);
  CHECK(none.mdspan().data_handle() == nullptr);
}

TEST_CASE("a tile's mdspan has its elements, and none that lie between") {
  Cells g;
  const auto m = g.tile.mdspan();
  CHECK(m.extent(0) == 2);
  CHECK(m.extent(1) == 3);
  CHECK(m.stride(0) == 6);
  CHECK(m.stride(1) == 1);
  CHECK(m[At2{1, 2}] == 16);
  m[At2{0, 1}] = 100;
  CHECK(g.cells[9] == 100);
  CHECK(m.mapping().required_span_size() == 9);
  CHECK_FALSE(m.is_exhaustive());
  CHECK(m.is_unique());
}

TEST_CASE("a tile's mdspan is what functions of layout_stride take") {
  Cells g;
  static_assert(std::is_same_v<decltype(g.tile.mdspan()), Strided<int>>);
  CHECK(sum_of(g.tile.mdspan()) == 8 + 9 + 10 + 14 + 15 + 16);
}

TEST_CASE("an axis of one element has a stride that mdspan allows") {
  Cells g;
  const TileView<int, 2> row(g.cells.data() + 6, {1, 6}, {6, 1});
  const TileView<int, 2> column(g.cells.data() + 2, {4, 1}, {6, 1});
  CHECK(row.mdspan().stride(0) >= 1);
  CHECK(sum_of(row.mdspan()) == 6 + 7 + 8 + 9 + 10 + 11);
  CHECK(sum_of(column.mdspan()) == 2 + 8 + 14 + 20);
}

TEST_CASE("tiles of rank 0, 1 and 3 have an mdspan too") {
  Cells g;
  TileView<int, 0> scalar(g.cells.data() + 3, {}, {});
  CHECK(scalar.mdspan()[std::array<std::size_t, 0>{}] == 3);
  TileView<int, 1> line(g.cells.data() + 4, {5}, {1});
  CHECK(line.mdspan()[At1{4}] == 8);
  TileView<int, 3> block(g.cells.data(), {2, 2, 2}, {12, 6, 1});
  CHECK(block.mdspan()[At3{1, 1, 1}] == 19);
  TileView<int, 3> nothing(g.cells.data(), {2, 0, 2}, {0, 2, 1});  // as whole() has it
  CHECK(nothing.mdspan().mapping().required_span_size() == 0);
}

TEST_CASE("the mdspan of a tile whose rows are not contiguous is an Error") {
  Cells g;
  TileView<int, 2> every_other(g.cells.data(), {4, 3}, {6, 2});
  CHECK(error_of([&] { static_cast<void>(every_other.mdspan()); }).code() ==
        Errc::invalid_argument);
}

TEST_CASE("kernels may be written on mdspan") {
  TiledPool pool(2);
  auto in = SharedArray<float, 2>::create({8, 12});
  auto out = SharedArray<float, 2>::create({8, 12});
  std::iota(in.begin(), in.end(), 0.F);
  pool.map(
      {4, 4},
      [](auto v, auto x) {
        const auto to = v.mdspan();
        const auto from = x.mdspan();
        for (std::size_t i = 0; i < to.extent(0); ++i)
          for (std::size_t j = 0; j < to.extent(1); ++j) to[At2{i, j}] = 2 * from[At2{i, j}];
      },
      into(out), in);
  for (std::size_t k = 0; k < in.size(); ++k) CHECK(out.flat(k) == 2 * static_cast<float>(k));
}

#if defined(__cpp_multidimensional_subscript)
TEST_CASE("a function of mdspan is called by kernels, and on arrays") {
  // Somebody else's.
  const auto scale = [](auto m, float by) {
    for (std::size_t i = 0; i < m.extent(0); ++i)
      for (std::size_t j = 0; j < m.extent(1); ++j) m[i, j] *= by;
  };
  TiledPool pool(2);
  auto a = SharedArray<float, 2>::create({8, 12});
  a = 1;
  scale(a.mdspan(), 3);
  pool.map(
      {4, 4}, [scale](auto tile) { scale(tile.mdspan(), 2); }, into(a));
  for (const float element : a) CHECK(element == 6);
}
#endif
