// Floor 2, loops: an xtensor expression rebuilt as a tree of nodes.
//
// xtensor goes through strided views element by element, with steppers. A kernel's `v = t + r` is
// the same arithmetic on every element. So it is rebuilt here as a tree of nodes: a strided
// operand, a scalar, or a function of nodes. row_loop.hpp moves the tree from row to row, and reads
// it in a loop that the compiler can vectorise. What can't be rebuilt (reductions, generators, lazy
// views) is evaluated once into a temporary, which becomes an operand: `x - xt::mean(x, {0})`
// computes its mean once.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

/// The addresses from lo up to, not including, hi.
struct Footprint {
  std::uintptr_t lo = 0, hi = 0;
  bool meets(const Footprint& other) const { return lo < other.hi && other.lo < hi; }
};

/// A strided operand of a loop over N axes. Its stride is 0 on an axis that is broadcast.
template <class T, std::size_t N>
struct Operand {
  T* at = nullptr;
  std::array<std::ptrdiff_t, N> strides{};

  void step(std::size_t axis, std::ptrdiff_t n) { at += n * strides[axis]; }
  template <bool Unit>
  T& read(std::ptrdiff_t i) const {
    if constexpr (N == 0)
      return *at;
    else if constexpr (Unit)
      return at[i];
    else
      return at[i * strides[N - 1]];
  }
  /// Fetches the cache line `ahead` bytes further on, which may lie outside the array. Inlined,
  /// since gcc drops calls of functions that only prefetch.
  TESSERA_INLINE void prefetch(std::size_t ahead) const {
    TESSERA_PREFETCH(reinterpret_cast<std::uintptr_t>(at) + ahead);
  }
  const Operand& non_owning() const { return *this; }
  bool unit() const { return N == 0 || strides[N - 1] == 1; }
  /// True if axis - 1 continues where a row of `length` elements ends.
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return strides[axis - 1] == length * strides[N - 1];
  }

  Footprint footprint(const std::array<std::size_t, N>& shape) const {
    std::ptrdiff_t lo = 0, hi = 1;
    for (std::size_t d = 0; d < N; ++d) {
      if (shape[d] == 0) return {};
      const auto reach = strides[d] * (static_cast<std::ptrdiff_t>(shape[d]) - 1);
      (reach < 0 ? lo : hi) += reach;
    }
    return {reinterpret_cast<std::uintptr_t>(at + lo), reinterpret_cast<std::uintptr_t>(at + hi)};
  }
  /// True if writing `out` element by element could change an element of this before it is read.
  /// False if both are the same elements at the same indices.
  template <class U>
  bool disturbed_by(const Operand<U, N>& out, const std::array<std::size_t, N>& shape) const {
    if (static_cast<const void*>(at) == static_cast<const void*>(out.at) &&
        sizeof(T) == sizeof(U) && strides == out.strides)
      return false;
    return footprint(shape).meets(out.footprint(shape));
  }
};

/// A scalar.
template <class T>
struct Constant {
  T value;
  void step(std::size_t, std::ptrdiff_t) {}
  template <bool>
  const T& read(std::ptrdiff_t) const {
    return value;
  }
  TESSERA_INLINE void prefetch(std::size_t) const {}
  const Constant& non_owning() const { return *this; }
  bool unit() const { return true; }
  bool contiguous_with(std::size_t, std::ptrdiff_t) const { return true; }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

/// A number that depends on the index: `at` at the first element, and strides[d] more with each
/// step on axis d.
template <std::size_t N>
struct IndexNode {
  std::ptrdiff_t at = 0;
  std::array<std::ptrdiff_t, N> strides{};

  void step(std::size_t axis, std::ptrdiff_t n) { at += n * strides[axis]; }
  template <bool>
  std::ptrdiff_t read(std::ptrdiff_t i) const {
    if constexpr (N == 0)
      return at;
    else
      return at + i * strides[N - 1];
  }
  TESSERA_INLINE void prefetch(std::size_t) const {}
  const IndexNode& non_owning() const { return *this; }
  bool unit() const { return true; }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return strides[axis - 1] == length * strides[N - 1];
  }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

/// A function as a node holds it: a copy if that is trivial, else a reference.
template <class F>
using Carried = std::conditional_t<std::is_trivially_copyable_v<F>, F, const F&>;

/// A function of nodes.
template <class F, class... Nodes>
struct Applied {
  F function;
  std::tuple<Nodes...> nodes;

  void step(std::size_t axis, std::ptrdiff_t n) {
    std::apply([&](auto&... node) { (node.step(axis, n), ...); }, nodes);
  }
  template <bool Unit>
  decltype(auto) read(std::ptrdiff_t i) const {
    return std::apply([&](const auto&... node) { return function(node.template read<Unit>(i)...); },
                      nodes);
  }
  TESSERA_INLINE void prefetch(std::size_t ahead) const {
    prefetch(ahead, std::index_sequence_for<Nodes...>{});
  }
  template <std::size_t... I>
  TESSERA_INLINE void prefetch([[maybe_unused]] std::size_t ahead,
                               std::index_sequence<I...>) const {
    (std::get<I>(nodes).prefetch(ahead), ...);
  }
  /// The same node without ownership: cheap to copy, valid as long as this one.
  auto non_owning() const {
    return std::apply(
        [&](const auto&... node) {
          return Applied<Carried<F>, std::decay_t<decltype(node.non_owning())>...>{
              function, {node.non_owning()...}};
        },
        nodes);
  }
  bool unit() const {
    return std::apply([](const auto&... node) { return (node.unit() && ...); }, nodes);
  }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return std::apply(
        [&](const auto&... node) { return (node.contiguous_with(axis, length) && ...); }, nodes);
  }
  bool disturbed_by(const auto& out, const auto& shape) const {
    return std::apply([&](const auto&... node) { return (node.disturbed_by(out, shape) || ...); },
                      nodes);
  }
};

/// A node that owns the values it reads.
template <class Temporary, class Node>
struct Evaluated {
  std::shared_ptr<Temporary> values;
  Node node;
  void step(std::size_t axis, std::ptrdiff_t n) { node.step(axis, n); }
  template <bool Unit>
  decltype(auto) read(std::ptrdiff_t i) const {
    return node.template read<Unit>(i);
  }
  auto non_owning() const { return node.non_owning(); }
  bool unit() const { return node.unit(); }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return node.contiguous_with(axis, length);
  }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

/// The operand for a strided array of any rank, aligned by its trailing axes with a loop over N
/// axes. Throws Error(shape_mismatch) if the array does not broadcast to `shape`.
template <std::size_t N, class T, class S, class Strides>
Operand<T, N> broadcast_operand(T* data, const S& extents, const Strides& strides,
                                const std::array<std::size_t, N>& shape) {
  Operand<T, N> out{data, {}};
  const std::size_t rank = std::size(extents);
  for (std::size_t k = 0; k < rank; ++k) {
    const auto extent = static_cast<std::size_t>(extents[rank - 1 - k]);
    if (extent == 1) continue;
    if (k >= N || extent != shape[N - 1 - k])
      throw Error(Errc::shape_mismatch, "tile",
                  "the values' extent " + std::to_string(extent) + " on axis -" +
                      std::to_string(k + 1) + " does not fit the tile's " +
                      (k < N ? std::to_string(shape[N - 1 - k]) : "rank"));
    out.strides[N - 1 - k] = static_cast<std::ptrdiff_t>(strides[rank - 1 - k]);
  }
  return out;
}

template <class E>
concept StridedExpression = requires(const E& e) {
  { *e.data() } -> std::convertible_to<typename E::value_type>;
  e.strides();
  e.data_offset();
};

template <class E>
inline constexpr bool is_scalar_expression = false;
template <class CT>
inline constexpr bool is_scalar_expression<xt::xscalar<CT>> = true;
template <class E>
inline constexpr bool is_function_expression = false;
template <class F, class... CT>
inline constexpr bool is_function_expression<xt::xfunction<F, CT...>> = true;

/// A reduction that computes its values in rows: see tile_reducer.hpp.
template <class E>
concept RowReduction = requires(const E& e) {
  typename E::Values;
  e.values();
};

/// True if make_node rebuilds an expression, at least its outermost function. Others are evaluated
/// by xtensor.
template <class E>
concept Rebuildable =
    is_scalar_expression<E> || is_function_expression<E> || StridedExpression<E> || RowReduction<E>;

/// The container that an expression is evaluated into. It is row-major: xt::eval would take the
/// layout of the expression, and xtensor misplaces elements when that is dynamic.
template <class T, class S>
struct Plain {
  using type = xt::xarray<T, xt::layout_type::row_major>;
};
template <class T, class I, std::size_t M>
struct Plain<T, std::array<I, M>> {
  using type = xt::xtensor<T, M, xt::layout_type::row_major>;
};

/// The node that reads expression `e` in a loop over `shape`. Throws Error(shape_mismatch) if `e`
/// does not broadcast to it.
template <std::size_t N, class E>
auto make_node(const E& e, const std::array<std::size_t, N>& shape) {
  if constexpr (is_scalar_expression<E>) {
    return Constant<std::decay_t<decltype(e())>>{e()};
  } else if constexpr (is_function_expression<E>) {
    return std::apply(
        [&](const auto&... argument) {
          return Applied<typename E::functor_type, decltype(make_node(argument, shape))...>{
              e.functor(), {make_node(argument, shape)...}};
        },
        e.arguments());
  } else if constexpr (StridedExpression<E>) {
    return broadcast_operand(e.data() + static_cast<std::ptrdiff_t>(e.data_offset()), e.shape(),
                             e.strides(), shape);
  } else {
    using Temporary = typename Plain<std::decay_t<typename E::value_type>,
                                     std::decay_t<decltype(e.shape())>>::type;
    std::shared_ptr<Temporary> values;
    if constexpr (RowReduction<E>)
      values = std::make_shared<Temporary>(e.values());
    else
      values = std::make_shared<Temporary>(e);
    auto node = make_node(*values, shape);
    return Evaluated<Temporary, decltype(node)>{std::move(values), node};
  }
}

}  // namespace tessera::detail
