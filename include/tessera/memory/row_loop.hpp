// Floor 2, memory: an xtensor expression rebuilt as a plain loop over rows.
//
// xtensor walks strided views element by element through steppers. A kernel's `v = t + r` is the
// same arithmetic on every element, so it is rebuilt here as a tree of nodes (a strided operand, a
// scalar, a function of nodes) that is moved from row to row and read in a loop the compiler can
// vectorise. What can't be rebuilt (reductions, generators, lazy views) is evaluated once into a
// temporary and becomes an operand: so `x - xt::mean(x, {0})` computes its mean once, too.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/memory/xtensor.hpp>

namespace tessera::detail {

/// The addresses from lo up to hi; and whether a strided operand is the very same elements.
struct Footprint {
  std::uintptr_t lo = 0, hi = 0;
  bool meets(const Footprint& other) const { return lo < other.hi && other.lo < hi; }
};

/// A strided operand of a loop over N axes; stride 0 where it is broadcast.
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
  bool unit() const { return N == 0 || strides[N - 1] == 1; }
  /// True if axis - 1 goes on where axis ends after `length` elements.
  bool joins(std::size_t axis, std::ptrdiff_t length) const {
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
  template <class U>
  bool disturbed_by(const Operand<U, N>& out, const std::array<std::size_t, N>& shape) const {
    if (static_cast<const void*>(at) == static_cast<const void*>(out.at) &&
        sizeof(T) == sizeof(U) && strides == out.strides)
      return false;
    return footprint(shape).meets(out.footprint(shape));
  }
};

template <class T>
struct Constant {
  T value;
  void step(std::size_t, std::ptrdiff_t) {}
  template <bool>
  const T& read(std::ptrdiff_t) const {
    return value;
  }
  bool unit() const { return true; }
  bool joins(std::size_t, std::ptrdiff_t) const { return true; }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

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
  bool unit() const {
    return std::apply([](const auto&... node) { return (node.unit() && ...); }, nodes);
  }
  bool joins(std::size_t axis, std::ptrdiff_t length) const {
    return std::apply([&](const auto&... node) { return (node.joins(axis, length) && ...); },
                      nodes);
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
  bool unit() const { return node.unit(); }
  bool joins(std::size_t axis, std::ptrdiff_t length) const { return node.joins(axis, length); }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

/// Calls body(length) for each row of `shape`, the nodes of `out` and `in` standing at its
/// beginning. Rows that follow each other in memory in every operand are joined to one.
template <std::size_t N, class Out, class In, class Body>
void for_each_row(const std::array<std::size_t, N>& shape, Out& out, In& in, Body&& body) {
  for (const auto extent : shape)
    if (extent == 0) return;
  if constexpr (N <= 1) {
    body(N == 0 ? std::ptrdiff_t{1} : static_cast<std::ptrdiff_t>(shape[N == 0 ? 0 : N - 1]));
  } else {
    auto length = static_cast<std::ptrdiff_t>(shape[N - 1]);
    std::size_t outer = N - 1;  // axes [0, outer) are walked, the others are one row
    while (outer > 0 &&
           (shape[outer - 1] == 1 || (out.joins(outer, length) && in.joins(outer, length))))
      length *= static_cast<std::ptrdiff_t>(shape[--outer]);
    std::array<std::size_t, N> index{};
    for (;;) {
      body(length);
      std::size_t d = outer;
      for (; d-- > 0;) {
        out.step(d, 1);
        in.step(d, 1);
        if (++index[d] < shape[d]) break;
        const auto back = -static_cast<std::ptrdiff_t>(shape[d]);
        out.step(d, back);
        in.step(d, back);
        index[d] = 0;
      }
      if (d == static_cast<std::size_t>(-1)) return;
    }
  }
}

/// out[x] = in[x] for every element; `in` is a node, converted as by static_cast.
template <class T, std::size_t N, class Node>
void run_rows(const std::array<std::size_t, N>& shape, Operand<T, N> out, Node in) {
  const bool unit = out.unit() && in.unit();
  for_each_row(shape, out, in, [&](std::ptrdiff_t length) {
    if (unit) {
      TESSERA_INDEPENDENT
      for (std::ptrdiff_t i = 0; i < length; ++i)
        out.template read<true>(i) = static_cast<T>(in.template read<true>(i));
    } else {
      TESSERA_INDEPENDENT
      for (std::ptrdiff_t i = 0; i < length; ++i)
        out.template read<false>(i) = static_cast<T>(in.template read<false>(i));
    }
  });
}

/// A strided operand of rank M, lined up by its trailing axes with a loop over N. Throws
/// Error(shape_mismatch) if it does not broadcast to `shape`.
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

/// What an expression is evaluated into. Row-major: xt::eval takes the expression's own layout, and
/// xtensor misplaces elements when that is dynamic.
template <class T, class S>
struct Plain {
  using type = xt::xarray<T, xt::layout_type::row_major>;
};
template <class T, class I, std::size_t M>
struct Plain<T, std::array<I, M>> {
  using type = xt::xtensor<T, M, xt::layout_type::row_major>;
};

/// The node that reads expression `e` in a loop over `shape`.
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
    auto values = std::make_shared<Temporary>(e);
    auto node = make_node(*values, shape);
    return Evaluated<Temporary, decltype(node)>{std::move(values), node};
  }
}

}  // namespace tessera::detail
