// Eigen: an array of two axes, or a tile of one, as a matrix in place.
#include <Eigen/Core>
#include <cstddef>
#include <tessera.hpp>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using namespace tessera;

namespace {

/// An array or a tile of two axes as a matrix: the same memory. Read-only if the elements are.
template <class A>
auto as_matrix(A&& a) {
  using T = std::remove_pointer_t<decltype(a.data())>;
  using Matrix =
      Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Map = Eigen::Map<std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>,
                         Eigen::Unaligned, Eigen::OuterStride<>>;
  return Map(a.data(), static_cast<Eigen::Index>(a.shape(0)), static_cast<Eigen::Index>(a.shape(1)),
             Eigen::OuterStride<>(a.strides()[0]));
}

}  // namespace

TEST_CASE("Eigen writes into an array, and reads what stands there") {
  auto a = SharedArray<double, 2>::create({3, 5});
  auto m = as_matrix(a);
  m.setConstant(2);
  m.col(4) = m.col(0) + m.col(1);
  a(2, 0) = 7;

  CHECK(m.data() == a.data());
  CHECK(a(0, 3) == 2);
  CHECK(a(1, 4) == 4);
  CHECK(m(2, 0) == 7);
  CHECK(m.sum() == xt::sum(a)());
}

TEST_CASE("an array of const elements, or one that is const itself, is a read-only matrix") {
  auto written = SharedArray<float, 2>::create({2, 3});
  written(1, 2) = 3;
  const auto a = SharedArray<const float, 2>::attach(written.name());
  const float largest = as_matrix(a).maxCoeff();

  CHECK(largest == 3);
  using Scalar = decltype(as_matrix(a).coeffRef(0, 0));
  STATIC_REQUIRE(std::is_same_v<Scalar, const float&>);
  STATIC_REQUIRE(
      std::is_same_v<decltype(as_matrix(std::as_const(written)).coeffRef(0, 0)), Scalar>);
  CHECK(as_matrix(std::as_const(written)).data() == written.data());
}

TEST_CASE("a kernel computes its tile of a product of matrices with Eigen") {
  TiledPool pool(2);
  auto a = SharedArray<double, 2>::create({30, 41});
  auto b = SharedArray<double, 2>::create({41, 26});
  auto c = SharedArray<double, 2>::create({30, 26});
  as_matrix(a).setRandom();
  as_matrix(b).setRandom();
  pool.map(
      {7, 10},
      [](const Tile<2>& tile, auto out, auto left, auto right) {
        const auto y = static_cast<Eigen::Index>(tile.lo(0));
        const auto x = static_cast<Eigen::Index>(tile.lo(1));
        auto m = as_matrix(out);
        m.noalias() =
            as_matrix(left).middleRows(y, m.rows()) * as_matrix(right).middleCols(x, m.cols());
      },
      into(c), whole(a), whole(b));

  CHECK(as_matrix(c).isApprox(as_matrix(a) * as_matrix(b)));
}

TEST_CASE("tiles of one row or one column are matrices too, for inputs and outputs") {
  TiledPool pool(2);
  auto a = SharedArray<float, 2>::create({5, 6});
  auto b = SharedArray<float, 2>::create({5, 6});
  as_matrix(a).setRandom();
  const auto twice = [](auto out, auto in) { as_matrix(out) = 2 * as_matrix(in); };
  pool.map({1, full}, twice, into(b), a);
  CHECK((b == 2 * a));
  b = 0;
  pool.map({full, 1}, twice, into(b), a);
  CHECK((b == 2 * a));
}
