// One box of an array twice: as a tile, in place among other elements, and as a copy that owns what
// it has. Whatever is done with both must give the same.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/loops/tile_view.hpp>

#include "support/catch.hpp"
#include "support/xtensor.hpp"

namespace tessera_test {

/// Equal, NaN being equal to itself; ranges element by element.
template <class T>
bool alike(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>)
    return a == b || (std::isnan(a) && std::isnan(b));
  else if constexpr (requires {
                       a.size();
                       a.begin();
                     })
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return alike(x, y); });
  else
    return a == b;
}

/// How the elements of a tile lie in its array.
enum class Lie { contiguous, scattered, stepped, backwards };
inline constexpr std::array lies{Lie::contiguous, Lie::scattered, Lie::stepped, Lie::backwards};

template <class T, std::size_t N>
class Boxes {
 public:
  /// `value(k)` is the element of number k, row-major.
  template <class Value>
  Boxes(const std::array<std::size_t, N>& shape, Lie lie, Value&& value)
      : copy_(xt::xtensor<T, N>::from_shape(shape)) {
    const std::ptrdiff_t step = lie == Lie::stepped ? 2 : lie == Lie::backwards ? -1 : 1;
    std::ptrdiff_t n = step, reach = 0;
    for (std::size_t d = N; d-- > 0;) {
      strides_[d] = n;
      reach += n * (static_cast<std::ptrdiff_t>(shape[d]) - 1);
      n *= static_cast<std::ptrdiff_t>(shape[d]) + (lie == Lie::contiguous ? 0 : 3);
    }
    first_ = reach < 0 ? 10 - reach : 10;
    cells_.assign(static_cast<std::size_t>(std::abs(reach)) + 20, T(77));
    auto tile = this->tile();
    std::size_t k = 0;
    std::array<std::size_t, N> at{};
    for (auto& element : copy_) {
      element = static_cast<T>(value(k++));
      tile.element(at.begin(), at.end()) = element;
      for (std::size_t d = N; d-- > 0;) {
        if (++at[d] < shape[d]) break;
        at[d] = 0;
      }
    }
    before_ = cells_;
  }

  tessera::TileView<T, N> tile() { return {cells_.data() + first_, copy_.shape(), strides_}; }
  tessera::TileView<const T, N> input() {
    return {cells_.data() + first_, copy_.shape(), strides_};
  }
  const xt::xtensor<T, N>& copy() const { return copy_; }
  /// True if nobody has changed an element, of the tile or of its neighbours.
  bool untouched() const { return alike(cells_, before_); }

 private:
  xt::xtensor<T, N> copy_;
  std::array<std::ptrdiff_t, N> strides_{};
  std::ptrdiff_t first_ = 0;
  std::vector<T> cells_, before_;
};

/// Values with signs, ties and order of their own.
inline double mixed(std::size_t k) {
  return static_cast<double>(k * 7919 % 23) - 9.5 + static_cast<double>(k % 3) / 4;
}
inline double with_gaps(std::size_t k) { return k % 5 == 2 ? std::nan("") : mixed(k); }

/// What a function gives, as something that can be compared.
template <class R>
auto settled(const R& result) {
  if constexpr (xt::is_xexpression<R>::value) {
    using Value = std::decay_t<typename R::value_type>;
    return xt::xarray<Value, xt::layout_type::row_major>(result);
  } else {
    return result;
  }
}
template <class R>
bool same_result(const R& a, const R& b) {
  if constexpr (xt::is_xexpression<R>::value)
    return a.shape() == b.shape() && alike(a, b);
  else if constexpr (
      requires { std::tuple_size<R>::value; } && !requires { a[0]; })
    return std::apply(
        [&](const auto&... x) {
          return std::apply(
              [&](const auto&... y) { return (same_result(settled(x), settled(y)) && ...); }, b);
        },
        a);
  else
    return alike(a, b);
}

/// Fails the test, naming the function, unless it gives the same for a tile as for the copy.
template <class Box, class F>
void gives_the_same(const std::string& name, Box& box, F&& f) {
  INFO(name);
  CHECK(same_result(settled(f(box.input())), settled(f(box.copy()))));
  CHECK(box.untouched());
}

/// True if both are the same up to 1e-12 of the greater one: a sum or product in another order.
inline bool nearly(double a, double b) {
  return alike(a, b) || std::abs(a - b) <= 1e-12 * (std::max)(std::abs(a), std::abs(b));
}
/// As gives_the_same, up to the order in which elements are added or multiplied.
template <class Box, class F>
void gives_nearly_the_same(const std::string& name, Box& box, F&& f) {
  INFO(name);
  const auto of_tile = settled(f(box.input())), of_copy = settled(f(box.copy()));
  CHECK(of_tile.shape() == of_copy.shape());
  CHECK(std::equal(of_tile.begin(), of_tile.end(), of_copy.begin(), of_copy.end(), &nearly));
  CHECK(box.untouched());
}

}  // namespace tessera_test
