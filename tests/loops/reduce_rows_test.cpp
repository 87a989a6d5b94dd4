// Reductions in rows: whatever axes are reduced, however the elements lie, however large the tile
// is.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <tessera/loops/reduce_rows.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

namespace {

template <std::size_t N>
std::array<std::ptrdiff_t, N> row_major(const std::array<std::size_t, N>& shape) {
  return kept_strides(shape, ReducedAxes<N>{});
}

/// Values that are not sums of few bits, so that another order of additions shows.
double value(std::size_t k) { return std::sin(static_cast<double>(k)) / 3; }

template <class T, std::size_t N>
struct Field {
  std::array<std::size_t, N> shape;
  std::vector<T> elements = std::vector<T>(product_of(shape));
  explicit Field(const std::array<std::size_t, N>& extents) : shape(extents) {
    for (std::size_t k = 0; k < elements.size(); ++k) elements[k] = static_cast<T>(value(k));
  }
  Operand<const T, N> operand() const { return {elements.data(), row_major(shape)}; }
};

template <class T, std::size_t N>
std::vector<T> sums(const std::array<std::size_t, N>& shape, const ReducedAxes<N>& reduced,
                    const Operand<const T, N>& in) {
  const SumFold<T, false> fold;
  std::vector<T> out(product_of(kept_shape(shape, reduced)), T(-1));
  reduce_rows(shape, reduced, out.data(), in, fold.identity(), fold);
  return out;
}

/// Element by element, in long double.
template <class T, std::size_t N>
std::vector<long double> plain_sums(const Field<T, N>& field, const ReducedAxes<N>& reduced) {
  const auto strides = kept_strides(field.shape, reduced), all = row_major(field.shape);
  std::vector<long double> out(product_of(kept_shape(field.shape, reduced)));
  for (std::size_t k = 0; k < field.elements.size(); ++k) {
    std::ptrdiff_t to = 0;
    for (std::size_t d = 0; d < N; ++d)
      to += static_cast<std::ptrdiff_t>(k) / all[d] % static_cast<std::ptrdiff_t>(field.shape[d]) *
            strides[d];
    out[static_cast<std::size_t>(to)] += field.elements[k];
  }
  return out;
}

/// How far sums are from the plain ones, at most.
template <class T, std::size_t N>
long double error_of(const Field<T, N>& field, const ReducedAxes<N>& reduced) {
  const auto got = sums(field.shape, reduced, field.operand());
  const auto want = plain_sums(field, reduced);
  REQUIRE(got.size() == want.size());
  long double worst = 0;
  for (std::size_t k = 0; k < got.size(); ++k)
    worst = (std::max)(worst, std::abs(static_cast<long double>(got[k]) - want[k]));
  return worst;
}

template <std::size_t N>
ReducedAxes<N> axes_of(std::size_t bits) {
  ReducedAxes<N> out{};
  for (std::size_t d = 0; d < N; ++d) out[d] = (bits >> d & 1) != 0;
  return out;
}

}  // namespace

TEST_CASE("any axes of an array can be reduced") {
  for (std::size_t bits = 0; bits < 16; ++bits) {
    CAPTURE(bits);
    CHECK(error_of(Field<double, 4>({3, 5, 2, 7}), axes_of<4>(bits)) < 1e-13L);
    CHECK(error_of(Field<double, 4>({9, 1, 4, 1}), axes_of<4>(bits)) < 1e-13L);
    CHECK(error_of(Field<double, 4>({1, 17, 1, 33}), axes_of<4>(bits)) < 1e-13L);
  }
  for (std::size_t bits = 0; bits < 2; ++bits)
    CHECK(error_of(Field<double, 1>({100}), axes_of<1>(bits)) < 1e-13L);
}

TEST_CASE("any number of rows is taken, whatever number is taken at a time") {
  for (std::size_t rows = 1; rows <= 19; ++rows) {
    CAPTURE(rows);
    CHECK(error_of(Field<double, 3>({rows, 2, 21}), {true, false, false}) < 1e-13L);
    CHECK(error_of(Field<double, 3>({2, rows, 21}), {true, true, false}) < 1e-13L);
  }
}

TEST_CASE("results that do not fit into one block are computed in several") {
  const std::size_t results = 3 * block_bytes / sizeof(double) + 5;
  CHECK(error_of(Field<double, 2>({3, results}), {true, false}) < 1e-13L);
  CHECK(error_of(Field<double, 3>({3, 7, results / 5}), {true, false, false}) < 1e-13L);
  CHECK(error_of(Field<double, 2>({results, 3}), {false, true}) < 1e-13L);
  CHECK(error_of(Field<double, 3>({100, 2, results / 90}), {false, true, false}) < 1e-13L);
}

TEST_CASE("sums of floats are at least as exact as pairwise ones") {
  // NumPy's bound: a pairwise sum of n elements is off by at most eps * log2(n) times the sum of
  // their magnitudes, which is some 0.2 n here. Ours is rounded once: off by half an eps of itself,
  // and these sums are below 1. Added up in float, 100000 elements are
  // off by 2 to 12 eps.
  constexpr long double eps = std::numeric_limits<float>::epsilon();
  for (const std::size_t n : {std::size_t{100}, std::size_t{5000}, std::size_t{100000}}) {
    CAPTURE(n);
    CHECK(error_of(Field<float, 2>({n, 4}), {true, false}) <= eps / 2);
    CHECK(error_of(Field<float, 2>({4, n}), {false, true}) <= eps / 2);
  }
}

TEST_CASE("a result has the same bits in any tile, if the reduced axes are whole in it") {
  const Field<double, 3> field({37, 12, 40});
  for (std::size_t bits = 1; bits < 8; ++bits) {
    const auto reduced = axes_of<3>(bits);
    const auto whole = sums(field.shape, reduced, field.operand());
    const auto strides = kept_strides(field.shape, reduced);
    for (const std::array<std::size_t, 3> tile :
         {std::array<std::size_t, 3>{1, 1, 1}, {5, 4, 8}, {37, 1, 40}, {2, 12, 1}}) {
      auto box = tile;
      for (std::size_t d = 0; d < 3; ++d)
        if (reduced[d]) box[d] = field.shape[d];
      for (std::size_t i = 0; i + box[0] <= field.shape[0]; i += box[0])
        for (std::size_t j = 0; j + box[1] <= field.shape[1]; j += box[1])
          for (std::size_t k = 0; k + box[2] <= field.shape[2]; k += box[2]) {
            auto at = field.operand();
            at.step(0, static_cast<std::ptrdiff_t>(i));
            at.step(1, static_cast<std::ptrdiff_t>(j));
            at.step(2, static_cast<std::ptrdiff_t>(k));
            const auto first = static_cast<std::ptrdiff_t>(i) * strides[0] +
                               static_cast<std::ptrdiff_t>(j) * strides[1] +
                               static_cast<std::ptrdiff_t>(k) * strides[2];
            CHECK(sums(box, reduced, at)[0] == whole[static_cast<std::size_t>(first)]);
          }
    }
  }
}

TEST_CASE("rows that are not contiguous are reduced too") {
  const Field<double, 2> field({30, 64});
  const Operand<const double, 2> stepped{field.elements.data() + 1, {64, 2}};
  const auto got = sums<double, 2>({30, 31}, {true, false}, stepped);
  double want = 0;
  for (std::size_t i = 0; i < 30; ++i) want += field.elements[i * 64 + 1 + 2 * 7];
  CHECK(got[7] == want);
  const auto along = sums<double, 2>({30, 31}, {false, true}, stepped);
  long double sum = 0;
  for (std::size_t k = 0; k < 31; ++k) sum += field.elements[3 * 64 + 1 + 2 * k];
  CHECK(std::abs(along[3] - static_cast<double>(sum)) < 1e-15);
}

TEST_CASE("without elements a result is what a reduction starts with") {
  const SumFold<double, false> fold;
  std::vector<double> out(6, -1.0);
  const Operand<const double, 3> none{nullptr, {0, 3, 1}};
  reduce_rows<double, 3>({0, 2, 3}, {true, false, false}, out.data(), none, {7.0}, fold);
  CHECK(out == std::vector<double>(6, 7.0));
}

TEST_CASE("without results nothing is written") {
  const SumFold<double, false> fold;
  const Operand<const double, 2> none{nullptr, {0, 1}};
  double beyond = -1.0;
  reduce_rows<double, 2>({5, 0}, {true, false}, &beyond, none, {0.0}, fold);
  CHECK(beyond == -1.0);
}

TEST_CASE("an extreme of a long row with a NaN is a NaN, wherever it is") {
  const ExtremeFold<double, true, false> fold;
  for (const std::size_t place : {0u, 15u, 50u, 99u}) {
    std::vector<double> row(100);
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = static_cast<double>(k * 37 % 101);
    row[place] = std::nan("");
    double got = 0;
    reduce_rows<double, 1>({100}, {true}, &got, Operand<const double, 1>{row.data(), {1}},
                           fold.identity(), fold);
    CHECK(std::isnan(got));
  }
}

TEST_CASE("a variance is exact far from 0") {
  // Sums of squares would lose all digits: 1e9 squared has 18 of them.
  std::vector<double> distant(1000);
  for (std::size_t k = 0; k < distant.size(); ++k) distant[k] = 1e9 + static_cast<double>(k % 2);
  for (const bool along_rows : {true, false}) {
    double got = 0;
    if (along_rows)
      variance_rows<false, double, 1>({1000}, {true}, &got,
                                      Operand<const double, 1>{distant.data(), {1}}, 0);
    else
      variance_rows<false, double, 2>({1000, 1}, {true, false}, &got,
                                      Operand<const double, 2>{distant.data(), {1, 0}}, 0);
    CHECK(got == 0.25);
  }
}

TEST_CASE("a variance of many results is computed in blocks") {
  const Field<float, 2> field({50, 20000});
  std::vector<double> got(20000);
  variance_rows<false>(field.shape, {true, false}, got.data(), field.operand(), 1);
  for (const std::size_t k : {std::size_t{0}, std::size_t{7777}, std::size_t{19999}}) {
    double mean = 0, squares = 0;
    for (std::size_t i = 0; i < 50; ++i) mean += field.elements[i * 20000 + k] / 50.0;
    for (std::size_t i = 0; i < 50; ++i)
      squares += (field.elements[i * 20000 + k] - mean) * (field.elements[i * 20000 + k] - mean);
    CHECK(std::abs(got[k] - squares / 49) < 1e-14);
  }
}
