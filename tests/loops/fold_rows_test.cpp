// The states of a reduction take rows of elements.
#include <array>
#include <cstddef>
#include <vector>

#include <tessera/loops/fold_rows.hpp>
#include <tessera/loops/folds.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

namespace {

/// Keeps the numbers of its elements in the order in which it took them: 1, 2, 3 is 123.
struct Digits {
  using State = FoldState<double>;
  static constexpr bool in_lanes = false;
  State identity() const { return {0}; }
  void step(State& to, double v) const { to[0] = to[0] * 10 + v; }
  void merge(State&, const State&) const {}
};

}  // namespace

TEST_CASE("each state takes its elements in the order of the reduced axis") {
  // 6 x 20 elements: the element (i, j) is i + 1.
  std::vector<double> elements(120);
  for (std::size_t k = 0; k < elements.size(); ++k) elements[k] = static_cast<double>(k / 20 + 1);
  std::vector<double> states(20);
  const StateRows<FoldState<double>, 2> to{{states.data(), {0, 1}}, 0};
  fold_rows<FoldState<double>, 2>({6, 20}, {true, false}, to,
                                  Operand<const double, 2>{elements.data(), {20, 1}}, Digits{});
  CHECK(states == std::vector<double>(20, 123456));
}

TEST_CASE("a state of several numbers has them in several rows") {
  std::vector<float> elements(80, 2.f);
  std::vector<double> numbers(40);
  const StateRows<FoldState<double, 2>, 2> to{{numbers.data(), {0, 1}}, 20};
  fold_rows<FoldState<double, 2>, 2>({4, 20}, {true, false}, to,
                                     Operand<const float, 2>{elements.data(), {20, 1}},
                                     NanMeanFold<double>{});
  CHECK(numbers[7] == 8.0);   // the sum
  CHECK(numbers[27] == 4.0);  // how many
}

TEST_CASE("a row never goes over reduced and kept axes") {
  // Both axes are contiguous, and the last one has one element: rows along the first one would mix
  // them.
  std::vector<double> elements{1, 2, 3};
  std::vector<double> states(3);
  const StateRows<FoldState<double>, 2> to{{states.data(), {1, 0}}, 0};
  fold_rows<FoldState<double>, 2>({3, 1}, {false, true}, to,
                                  Operand<const double, 2>{elements.data(), {1, 1}}, Digits{});
  CHECK(states == elements);
}
