// Public: xt::cumsum, cumprod of expressions that read tiles. Floor 2, loops: scans along an axis.
//
// A scan gives, for each element, the fold of all elements up to it. Where the axis is not the last
// one, a row of states goes along it, as in a reduction.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/host/vectorized.hpp>
#include <tessera/loops/fold_rows.hpp>
#include <tessera/loops/folds.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/packed_row.hpp>
#include <tessera/loops/reduce_rows.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

/// The rows of states and of results.
template <class State, class V, std::size_t N>
struct ScanRows {
  StateRows<State, N> states;
  Operand<V, N> out;
  void step(std::size_t axis, std::ptrdiff_t n) {
    states.step(axis, n);
    out.step(axis, n);
  }
};

/// body(i, row, n) for all of a row, packed if that is possible and needed.
template <class Node, class Body>
void each_part(const Node& from, std::ptrdiff_t length, const Body& body) {
  if constexpr (PackedRow<Node>::possible) {
    if (from.unit())
      body(0, from, length);
    else
      each_pack(from, length, body);
  } else {
    body(0, from, length);
  }
}

/// The states of a row take the elements of several rows, one after the other along `axis`, and
/// each time the row of results gets what they are then.
template <bool Unit, std::size_t Rows, class State, class V, std::size_t N, class Node, class Fold>
TESSERA_INLINE void scan_row(const ScanRows<State, V, N>& to, std::size_t axis,
                             const std::array<Node, Rows>& from, std::ptrdiff_t length,
                             const Fold& fold) {
  std::array<V*, Rows> results;
  for (std::size_t r = 0; r < Rows; ++r)
    results[r] = to.out.at + static_cast<std::ptrdiff_t>(r) * to.out.strides[axis];
  TESSERA_INDEPENDENT
  for (std::ptrdiff_t k = 0; k < length; ++k) {
    auto state = to.states.load(k);
    [&]<std::size_t... R>(std::index_sequence<R...>) TESSERA_INLINE_CALL {
      ((fold.step(state, from[R].template read<Unit>(k)), results[R][k] = fold.result(state)), ...);
    }(std::make_index_sequence<Rows>{});
    to.states.store(k, state);
  }
}

/// Scans the rows of a block along `axis`, Rows at a time as long as there are as many.
template <bool Unit, std::size_t Rows, class State, class V, std::size_t N, class Node, class Fold>
TESSERA_INLINE void scan_columns(const std::array<std::size_t, N>& counts, std::size_t axis,
                                 std::ptrdiff_t length, const ScanRows<State, V, N>& to,
                                 const Node& in, const Fold& fold) {
  walk_by<Rows>(counts, axis, to, in, [&](const auto& here, const auto& from) TESSERA_INLINE_CALL {
    if constexpr (!Unit && PackedRow<Node>::possible)
      each_pack(from[0], length,
                [&](std::ptrdiff_t i, const auto& row, std::ptrdiff_t n) TESSERA_INLINE_CALL {
                  auto part = here;
                  part.step(N - 1, i);
                  scan_row<true>(part, axis, std::array{row}, n, fold);
                });
    else
      scan_row<Unit>(here, axis, from, length, fold);
  });
}

/// out[x] = the fold of the elements of `in` from index 0 along `axis` up to x. `out` is row-major.
template <class V, std::size_t N, class Node, class Fold>
  requires(N > 0)
void scan_rows(const std::array<std::size_t, N>& shape, std::size_t axis, V* out, const Node& in,
               const Fold& fold) {
  using State = typename Fold::State;
  constexpr bool packs = PackedRow<std::decay_t<decltype(in.non_owning())>>::possible;
  const Operand<V, N> all{out, kept_strides(shape, ReducedAxes<N>{})};
  auto counts = shape;
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return;
  if (axis == N - 1) {
    const auto length = static_cast<std::ptrdiff_t>(std::exchange(counts[N - 1], 1));
    walk<0>(counts, all, in.non_owning(), [&](const auto& to, const auto& from) {
      auto state = fold.identity();
      each_part(from, length, [&](std::ptrdiff_t i, const auto& row, std::ptrdiff_t n) {
        for (std::ptrdiff_t k = 0; k < n; ++k) {
          fold.step(state, row.template read<packs>(k));
          to.at[i + k] = fold.result(state);
        }
      });
    });
    return;
  }
  ReducedAxes<N> reduced{};
  reduced[axis] = true;
  const auto block = block_of(shape, reduced, block_bytes / sizeof(State));
  const auto plane = product_of(kept_shape(block, reduced));
  const auto memory = std::make_unique_for_overwrite<typename State::value_type[]>(
      plane * std::tuple_size_v<State>);
  auto box = block;
  each_block(shape, block, box, all, in.non_owning(),
             [&](auto here, const auto& from, const Operand<V, N>& results) {
               const StateRows<State, N> states{{memory.get(), kept_strides(here, reduced)},
                                                static_cast<std::ptrdiff_t>(plane)};
               for (std::size_t p = 0; p < std::tuple_size_v<State>; ++p)
                 std::fill_n(memory.get() + p * plane, plane, fold.identity()[p]);
               const auto length = static_cast<std::ptrdiff_t>(std::exchange(here[N - 1], 1));
               const ScanRows<State, V, N> rows{states, results};
               if (from.unit())
                 host::run_vectorized([&]() TESSERA_INLINE_CALL {
                   scan_columns<true, 4>(here, axis, length, rows, from, fold);
                 });
               else  // takes longer to pack than to compute
                 host::run_with_baseline([&]() TESSERA_INLINE_CALL {
                   scan_columns<false, 1>(here, axis, length, rows, from, fold);
                 });
             });
}

/// The scan of `e` along an axis, with xtensor's functor.
template <class Value, class Functor, class E>
auto scan(const E& e, std::ptrdiff_t along, const Functor& functor, Value first) {
  constexpr auto rank = LoopRank<E>::value;
  const auto axis = xt::normalize_axis(rank, along);
  const auto shape = loop_extents<rank>(e);
  auto out = xt::xtensor<Value, rank, xt::layout_type::row_major>::from_shape(shape);
  const auto node = make_node(e, shape);
  with_fold<Value, ValueOf<decltype(node)>>(
      functor, xt::const_value<Value>(first), functor,
      [&](const auto& fold) { scan_rows(shape, axis, out.data(), node, fold); });
  return out;
}

/// The type in which xtensor accumulates elements of E with a functor, beginning in T.
template <class T, class E, class Functor>
using ScanValue = std::decay_t<decltype(std::declval<Functor>()(
    std::declval<std::conditional_t<std::is_void_v<T>, typename std::decay_t<E>::value_type, T>>(),
    std::declval<typename std::decay_t<E>::value_type>()))>;

template <class E>
concept ScannedExpression = TileExpression<E> && HasStaticRank<std::remove_cvref_t<E>> &&
                            (LoopRank<std::remove_cvref_t<E>>::value > 0);

}  // namespace tessera::detail

namespace xt {

template <class T = void, class E>
  requires tessera::detail::ScannedExpression<E>
inline auto cumsum(E&& e, std::ptrdiff_t axis) {
  using Value = tessera::detail::ScanValue<T, E, detail::plus>;
  return tessera::detail::scan<Value>(e, axis, detail::plus(), Value(0));
}
template <class T = void, class E>
  requires tessera::detail::ScannedExpression<E>
inline auto cumprod(E&& e, std::ptrdiff_t axis) {
  using Value = tessera::detail::ScanValue<T, E, detail::multiplies>;
  return tessera::detail::scan<Value>(e, axis, detail::multiplies(), Value(1));
}

}  // namespace xt
