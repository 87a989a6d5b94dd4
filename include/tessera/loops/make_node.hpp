// Floor 2, loops: the node for an xtensor expression.
//
// Operands, scalars and functions are rebuilt as nodes. What can't be rebuilt (generators, lazy
// views) is evaluated once into a temporary, which becomes an operand. So is a reduction, with what
// is computed of it at its own rank: `x - xt::mean(x, {0})` computes each mean once. A reduction
// with a name that one assignment reads twice is computed once: with `d = x - xt::mean(x, {0})`,
// `xt::sum(d * d, {0})` goes over x twice, not three times.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/loops/row_functions.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

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

/// The reductions that one assignment has computed so far. Expressions do not change meanwhile, and
/// all of them live until it ends: so an address and a type name one.
class ComputedReductions {
 public:
  /// The values of reduction `e`: compute(), or what it gave before.
  template <class E, class Compute>
  auto values_of(const E& e, const Compute& compute) {
    using Values = std::decay_t<decltype(compute())>;
    for (const auto& one : done_)
      if (one.reduction == &e && one.type == &tag<E>)
        return std::static_pointer_cast<Values>(one.values);
    auto values = std::make_shared<Values>(compute());
    done_.push_back({&e, &tag<E>, values});
    return values;
  }

 private:
  struct One {
    const void* reduction;
    const void* type;
    std::shared_ptr<void> values;
  };
  template <class E>
  static inline char tag = 0;  // not constant: equal constants may share an address
  std::vector<One> done_;
};

/// A reduction that computes its values in rows: see tile_reducer.hpp.
template <class E>
concept RowReduction = requires(const E& e, ComputedReductions& done) {
  typename E::Values;
  e.values(done);
};

/// True of xtensor's own reductions: of expressions that read no tile.
template <class E>
inline constexpr bool is_own_reduction = false;
template <class F, class CT, class X, class O>
inline constexpr bool is_own_reduction<xt::xreducer<F, CT, X, O>> =
    !RowReduction<xt::xreducer<F, CT, X, O>>;

/// True if make_node rebuilds an expression, at least its outermost function. Others are evaluated
/// by xtensor.
template <class E>
concept Rebuildable =
    is_scalar_expression<E> || is_function_expression<E> || StridedExpression<E> || RowReduction<E>;

/// True if a reduction is in a function, at any depth.
template <class E>
inline constexpr bool has_reduction = RowReduction<E> || is_own_reduction<E>;
template <class F, class... CT>
inline constexpr bool has_reduction<xt::xfunction<F, CT...>> =
    (has_reduction<std::remove_cvref_t<CT>> || ...);

/// The rank that the type of an expression tells, or `otherwise`.
template <class E, std::size_t otherwise>
constexpr std::size_t rank_or() {
  if constexpr (requires { std::tuple_size<typename E::shape_type>::value; })
    return std::tuple_size_v<typename E::shape_type>;
  else
    return otherwise;
}

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

template <class E>
using EvaluatedAs = typename Plain<std::decay_t<typename E::value_type>,
                                   std::decay_t<decltype(std::declval<const E&>().shape())>>::type;

/// The node that reads these values, and owns them.
template <std::size_t N, class Temporary>
auto evaluated_node(std::shared_ptr<Temporary> values, const std::array<std::size_t, N>& shape) {
  const auto node =
      broadcast_operand(std::as_const(*values).data(), values->shape(), values->strides(), shape);
  return Evaluated<Temporary, std::decay_t<decltype(node)>>{std::move(values), node};
}

/// The node that reads expression `e` in a loop over `shape`. Throws Error(shape_mismatch) if `e`
/// does not broadcast to it. `done`: for all nodes of one assignment.
template <std::size_t N, class E>
auto make_node(const E& e, const std::array<std::size_t, N>& shape, ComputedReductions& done) {
  if constexpr (is_scalar_expression<E>) {
    return Constant<std::decay_t<decltype(e())>>{e()};
  } else if constexpr (is_function_expression<E> && has_reduction<E> && rank_or<E, N>() < N) {
    // `x - xt::mean(x, {0})`: the mean's division is done once for each mean, not for each x.
    const auto own = loop_extents<rank_or<E, N>()>(e);
    auto values = std::make_shared<EvaluatedAs<E>>(EvaluatedAs<E>::from_shape(own));
    run_rows(own, broadcast_operand(values->data(), own, values->strides(), own),
             make_node(e, own, done));
    return evaluated_node(std::move(values), shape);
  } else if constexpr (is_function_expression<E>) {
    return std::apply(
        [&](const auto&... argument) {
          using Function = decltype(row_function(e.functor()));
          return Applied<Function, decltype(make_node(argument, shape, done))...>{
              row_function(e.functor()), {make_node(argument, shape, done)...}};
        },
        e.arguments());
  } else if constexpr (StridedExpression<E>) {
    return broadcast_operand(e.data() + static_cast<std::ptrdiff_t>(e.data_offset()), e.shape(),
                             e.strides(), shape);
  } else if constexpr (RowReduction<E>) {
    return evaluated_node(done.values_of(e, [&] { return e.values(done); }), shape);
  } else if constexpr (is_own_reduction<E>) {
    // Of a kernel's own array, say: by the same loops, where xtensor would step through it.
    using Operand = std::decay_t<decltype(e.expression())>;
    return evaluated_node(
        done.values_of(
            e, [&] { return e.build_reducer(AsTile<Operand>{e.expression()}).values(done); }),
        shape);
  } else {
    return evaluated_node(std::make_shared<EvaluatedAs<E>>(e), shape);
  }
}
template <std::size_t N, class E>
auto make_node(const E& e, const std::array<std::size_t, N>& shape) {
  ComputedReductions done;
  return make_node(e, shape, done);
}

}  // namespace tessera::detail
