// Floor 2, loops: how a reduction takes one element after the other.
//
// A fold says what a reduction keeps while it runs (State: one or more numbers), how the state
// takes an element (step), how two states become one (merge), and what the result is. Folds of
// known functions have no branch and call nothing, and are always inlined, so that their loops are
// vectorised. For other
// functions a fold calls xtensor's functors in xtensor's order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/loops/nan.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

/// The type in which sums and products of T are kept. For float that is double: then a sum of up to
/// 2^29 values of like size is exact to the last place of a float.
template <class T>
using Wider = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// The type in which a flag next to an element of type V is computed.
template <class V>
using FlagFor = std::conditional_t<std::is_same_v<V, float>, float, double>;

/// The numbers that a fold keeps: Count of type A.
template <class A, std::size_t Count = 1>
using FoldState = std::array<A, Count>;

/// A sum. With SkipNaN, a NaN counts as 0.
template <class Value, bool SkipNaN>
struct SumFold {
  using State = FoldState<Wider<Value>>;
  using A = typename State::value_type;
  static constexpr bool in_lanes = true;
  State identity() const { return {A(0)}; }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& v) const {
    to[0] = static_cast<A>(to[0] + static_cast<A>(SkipNaN ? if_number(v, V(0)) : v));
  }
  TESSERA_INLINE void merge(State& to, const State& other) const {
    to[0] = static_cast<A>(to[0] + other[0]);
  }
  TESSERA_INLINE Value result(const State& from) const { return static_cast<Value>(from[0]); }
};

/// A product. With SkipNaN, a NaN counts as 1.
template <class Value, bool SkipNaN>
struct ProductFold {
  using State = FoldState<Wider<Value>>;
  using A = typename State::value_type;
  static constexpr bool in_lanes = true;
  State identity() const { return {A(1)}; }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& v) const {
    to[0] = static_cast<A>(to[0] * static_cast<A>(SkipNaN ? if_number(v, V(1)) : v));
  }
  TESSERA_INLINE void merge(State& to, const State& other) const {
    to[0] = static_cast<A>(to[0] * other[0]);
  }
  TESSERA_INLINE Value result(const State& from) const { return static_cast<Value>(from[0]); }
};

/// The value from which a minimum (Greatest: a maximum) starts: every element is as good or better.
template <class T, bool Greatest>
constexpr T worst_extreme() {
  using Limits = std::numeric_limits<T>;
  if constexpr (Limits::has_infinity && !finite_math)
    return Greatest ? -Limits::infinity() : Limits::infinity();
  else
    return Greatest ? Limits::lowest() : (Limits::max)();
}

/// `a` or `b`, whichever is less (Greatest: greater); a NaN if one of them is.
template <bool Greatest, class T>
TESSERA_INLINE T extreme_of(const T& a, const T& b) {
  const T extreme = (Greatest ? b > a : b < a) ? b : a;
  return is_nan(b) ? b : extreme;
}

/// The least (Greatest: the greatest) element, NaN if one element is, as with NumPy. With SkipNaN,
/// a NaN is passed over, and the result is a NaN only if all elements are.
template <class Value, bool Greatest, bool SkipNaN>
struct ExtremeFold {
  using State = FoldState<Value>;
  static constexpr bool in_lanes = true;
  static constexpr bool any_order = true;  // gives the same result
  State identity() const {
    if constexpr (SkipNaN && std::numeric_limits<Value>::has_quiet_NaN)
      return {std::numeric_limits<Value>::quiet_NaN()};
    else
      return {worst_extreme<Value, Greatest>()};
  }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& element) const {
    const auto v = static_cast<Value>(element);
    if constexpr (SkipNaN) {
      const bool keeps = Greatest ? to[0] >= v : to[0] <= v;
      to[0] = keeps || is_nan(v) ? to[0] : v;
    } else {
      to[0] = extreme_of<Greatest>(to[0], v);
    }
  }
  TESSERA_INLINE void merge(State& to, const State& other) const { step(to, other[0]); }
  TESSERA_INLINE Value result(const State& from) const { return from[0]; }
};

/// The number of elements that are not 0.
template <class Value>
struct CountFold {
  using State = FoldState<double>;  // exact up to 2^53, and vectorised like a sum
  static constexpr bool in_lanes = true;
  State identity() const { return {0.0}; }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& v) const {
    to[0] += static_cast<double>(v != V(0) ? FlagFor<V>(1) : FlagFor<V>(0));
  }
  TESSERA_INLINE void merge(State& to, const State& other) const { to[0] += other[0]; }
  TESSERA_INLINE Value result(const State& from) const { return static_cast<Value>(from[0]); }
};

/// The sum and the number of the elements that are not NaN; their mean, NaN if there are none.
template <class Value>
struct NanMeanFold {
  using State = FoldState<double, 2>;  // the sum, the number
  static constexpr bool in_lanes = true;
  State identity() const { return {0.0, 0.0}; }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& v) const {
    to[0] += static_cast<double>(if_number(v, V(0)));
    to[1] += is_nan(v) ? 0.0 : 1.0;
  }
  TESSERA_INLINE void merge(State& to, const State& other) const {
    to[0] += other[0];
    to[1] += other[1];
  }
  TESSERA_INLINE Value result(const State& from) const {
    return static_cast<Value>(from[0] / from[1]);
  }
};

/// The mean of `count` elements.
struct MeanFold : SumFold<double, false> {
  double count;
  TESSERA_INLINE double result(const State& from) const { return from[0] / count; }
};

/// The least and the greatest element; both NaN if one element is.
template <class Value>
struct MinMaxFold {
  using T = typename Value::value_type;
  using State = FoldState<T, 2>;
  static constexpr bool in_lanes = true;
  static constexpr bool any_order = true;
  State identity() const { return {worst_extreme<T, false>(), worst_extreme<T, true>()}; }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& element) const {
    const auto v = static_cast<T>(element);
    to[0] = extreme_of<false>(to[0], v);
    to[1] = extreme_of<true>(to[1], v);
  }
  TESSERA_INLINE void merge(State& to, const State& other) const {
    step(to, other[0]);
    step(to, other[1]);
  }
  TESSERA_INLINE Value result(const State& from) const { return {from[0], from[1]}; }
};

/// An element and its place.
template <class V>
struct Placed {
  V value;
  std::size_t place = no_place;
  static constexpr std::size_t no_place = static_cast<std::size_t>(-1);
};
/// The place of the least (Greatest: the greatest) element; of equal ones, the least place. The
/// first NaN is taken before all numbers, as with NumPy.
template <class V, bool Greatest>
struct PlaceFold {
  using State = FoldState<Placed<V>>;
  static constexpr bool in_lanes = false;
  State identity() const { return {Placed<V>{V{}}}; }
  TESSERA_INLINE void step(State& to, const Placed<V>& from) const {
    auto& best = to[0];
    const bool worse = Greatest ? from.value < best.value : from.value > best.value;
    if (worse && best.place != Placed<V>::no_place) return;  // most elements
    const bool better = Greatest ? from.value > best.value : from.value < best.value;
    const bool nan = is_nan(from.value), best_is_nan = is_nan(best.value);
    const bool equal = nan == best_is_nan && (nan || from.value == best.value);
    if (best.place == Placed<V>::no_place || better || (nan && !best_is_nan) ||
        (equal && from.place < best.place))
      best = from;
  }
  TESSERA_INLINE std::size_t result(const State& from) const { return from[0].place; }
};

/// Functors of xtensor's or a user's.
template <class Value, class Reduce, class Init, class Merge>
struct CalledFold {
  using State = FoldState<Value>;
  // A function of its own for merging says that parts may be reduced apart from each other.
  static constexpr bool in_lanes = !std::is_same_v<Reduce, Merge>;
  Reduce reduce;
  Init init;
  Merge merger;
  State identity() const { return {static_cast<Value>(init())}; }
  template <class V>
  TESSERA_INLINE void step(State& to, const V& v) const {
    to[0] = static_cast<Value>(reduce(to[0], v));
  }
  TESSERA_INLINE void merge(State& to, const State& other) const {
    to[0] = static_cast<Value>(merger(to[0], other[0]));
  }
  TESSERA_INLINE Value result(const State& from) const { return from[0]; }
};

/// Functors that name a fold: xtensor carries them, and never calls them.
struct CountNonzero {
  template <class T, class V>
  T operator()(const T& count, const V&) const {
    return count;
  }
};
struct MinMax {
  template <class T, class V>
  T operator()(const T& minmax, const V&) const {
    return minmax;
  }
};
struct NanMean {
  template <class T, class V>
  T operator()(const T& mean, const V&) const {
    return mean;
  }
};
template <bool SkipNaN>
struct Variance {
  double ddof = 0;  ///< delta degrees of freedom
  template <class T, class V>
  T operator()(const T& variance, const V&) const {
    return variance;
  }
};

/// Calls body(fold) with the fold that does what these functors do, for elements of type Element.
/// It does not return the fold: gcc notes that structs with a complex<float> are returned otherwise
/// than before its version 4.4.
template <class Value, class Element, class Reduce, class Init, class Merge, class Body>
auto with_fold(const Reduce& reduce, const Init& init, const Merge& merger, const Body& body) {
  using namespace xt::detail;
  constexpr bool known = std::is_arithmetic_v<Value> && std::is_arithmetic_v<Element>;
  if constexpr (std::is_same_v<Reduce, CountNonzero>) {
    return body(CountFold<Value>{});
  } else if constexpr (std::is_same_v<Reduce, MinMax>) {
    return body(MinMaxFold<Value>{});
  } else if constexpr (std::is_same_v<Reduce, NanMean>) {
    return body(NanMeanFold<Value>{});
  } else if constexpr (known && std::is_same_v<Reduce, plus>) {
    return body(SumFold<Value, false>{});
  } else if constexpr (known && std::is_same_v<Reduce, nan_plus>) {
    return body(SumFold<Value, true>{});
  } else if constexpr (known && std::is_same_v<Reduce, multiplies>) {
    return body(ProductFold<Value, false>{});
  } else if constexpr (known && std::is_same_v<Reduce, nan_multiplies>) {
    return body(ProductFold<Value, true>{});
  } else if constexpr (known && std::is_same_v<Reduce, xt::math::minimum<void>>) {
    return body(ExtremeFold<Value, false, false>{});
  } else if constexpr (known && std::is_same_v<Reduce, xt::math::maximum<void>>) {
    return body(ExtremeFold<Value, true, false>{});
  } else if constexpr (known && std::is_same_v<Reduce, nan_min>) {
    return body(ExtremeFold<Value, false, true>{});
  } else if constexpr (known && std::is_same_v<Reduce, nan_max>) {
    return body(ExtremeFold<Value, true, true>{});
  } else {
    const CalledFold<Value, Reduce, Init, Merge> fold{reduce, init, merger};
    return body(fold);
  }
}

}  // namespace tessera::detail
