// Floor 2, loops: the states of a reduction take the elements of a node, row after row.
//
// The loop goes over the elements in the order of their axes. If the last axis is kept, a row of
// states takes row after row of elements, several rows at a time: so each state is loaded and
// stored less often. If the last axis is reduced, a row of elements goes into one state; sixteen
// partial ones run beside each other, so that the additions need not wait for one another.
//
// The order in which a state takes its elements depends on which axes are reduced, on their
// extents, and on whether rows that are reduced together are contiguous. So a result has the same
// bits whatever the tile's extents on the kept axes are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/host/vectorized.hpp>
#include <tessera/loops/packed_row.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>

namespace tessera::detail {

/// Which of N axes are reduced.
template <std::size_t N>
using ReducedAxes = std::array<bool, N>;

/// The number of elements in memory that a node reads for one of its own.
template <class Node>
inline constexpr std::size_t operands_of = 0;
template <class T, std::size_t N>
inline constexpr std::size_t operands_of<Operand<T, N>> = 1;
template <class F, class... Nodes>
inline constexpr std::size_t operands_of<Applied<F, Nodes...>> = (operands_of<Nodes> + ... + 0);

/// How many rows of elements a row of states takes at a time: as many as leave registers for their
/// addresses.
template <class Node>
inline constexpr std::size_t rows_at_a_time = operands_of<Node> <= 1   ? 8
                                              : operands_of<Node> == 2 ? 4
                                                                       : 2;

/// The states of a block's results. Number p of state i is at[i + p * plane]: a row of states is
/// as many rows of numbers.
template <class State, std::size_t N>
struct StateRows {
  using A = typename State::value_type;
  Operand<A, N> first;
  std::ptrdiff_t plane = 0;

  void step(std::size_t axis, std::ptrdiff_t n) { first.step(axis, n); }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return first.contiguous_with(axis, length);
  }
  TESSERA_INLINE State load(std::ptrdiff_t i) const {
    return [&]<std::ptrdiff_t... P>(std::integer_sequence<std::ptrdiff_t, P...>)
               TESSERA_INLINE_CALL { return State{first.at[i + P * plane]...}; }(Planes{});
  }
  TESSERA_INLINE void store(std::ptrdiff_t i, const State& state) const {
    [&]<std::ptrdiff_t... P>(std::integer_sequence<std::ptrdiff_t, P...>) TESSERA_INLINE_CALL {
      ((first.at[i + P * plane] = std::get<static_cast<std::size_t>(P)>(state)), ...);
    }(Planes{});
  }

 private:
  using Planes = std::make_integer_sequence<std::ptrdiff_t,
                                            static_cast<std::ptrdiff_t>(std::tuple_size_v<State>)>;
};

/// State i takes element i of each of these rows, for `length` elements.
template <bool Unit, class State, std::size_t N, class Node, std::size_t Rows, class Fold>
TESSERA_INLINE void step_row(const StateRows<State, N>& to, const std::array<Node, Rows>& from,
                             std::ptrdiff_t length, const Fold& fold) {
  const auto step = [&](std::ptrdiff_t i) TESSERA_INLINE_CALL {
    auto state = to.load(i);
    [&]<std::size_t... K>(std::index_sequence<K...>) TESSERA_INLINE_CALL {
      (fold.step(state, from[K].template read<Unit>(i)), ...);
    }(std::make_index_sequence<Rows>{});
    to.store(i, state);
  };
  constexpr std::ptrdiff_t width = 16;
  std::ptrdiff_t i = 0;
  for (; length - i >= width; i += width) {
    TESSERA_KEEP_LOOP
    for (std::ptrdiff_t j = 0; j < width; ++j) step(i + j);
  }
  for (; i < length; ++i) step(i);
}

/// The same for rows whose elements are not contiguous.
template <class State, std::size_t N, class Node, std::size_t Rows, class Fold>
TESSERA_INLINE void step_packed_row(const StateRows<State, N>& to,
                                    const std::array<Node, Rows>& from, std::ptrdiff_t length,
                                    const Fold& fold) {
  std::array<PackedRow<Node>, Rows> packed;
  for (std::ptrdiff_t i = 0; i < length; i += pack_width) {
    const auto n = (std::min)(pack_width, length - i);
    const auto rows = [&]<std::size_t... K>(std::index_sequence<K...>) TESSERA_INLINE_CALL {
      return std::array<Node, Rows>{packed[K].pack(from[K], i, n)...};
    }(std::make_index_sequence<Rows>{});
    auto here = to;
    here.first.at += i;
    step_row<true>(here, rows, n, fold);
  }
}

/// Rows are taken Rows at a time; the rest by this number, and last one by one.
template <std::size_t Rows>
inline constexpr std::size_t fewer_rows = Rows > 4 ? 4 : 1;

/// How many of the `left` rows are taken next.
template <std::size_t Rows>
constexpr std::size_t rows_next(std::size_t left) {
  if constexpr (Rows == 1)
    return 1;
  else
    return left >= Rows ? Rows : rows_next<fewer_rows<Rows>>(left);
}

/// body(out, the nodes of `count` rows along `axis`). `count` is one that rows_next<Rows> gives.
template <std::size_t Rows, class Out, class In, class Body>
TESSERA_INLINE void with_rows(std::size_t count, std::size_t axis, const Out& out, const In& in,
                              const Body& body) {
  if constexpr (Rows > 1)
    if (count < Rows) return with_rows<fewer_rows<Rows>>(count, axis, out, in, body);
  auto rows = [&]<std::size_t... K>(std::index_sequence<K...>) TESSERA_INLINE_CALL {
    return std::array<In, Rows>{(static_cast<void>(K), in)...};
  }(std::make_index_sequence<Rows>{});
  for (std::size_t k = 1; k < Rows; ++k) rows[k].step(axis, static_cast<std::ptrdiff_t>(k));
  body(out, rows);
}

/// As walk, but on `axis` it takes several rows at a time, and the body gets as many nodes. The
/// axes after `axis` are walked for them together. An `axis` of N: one row at a time.
template <std::size_t Rows, std::size_t Axis = 0, std::size_t N, class Out, class In, class Body>
TESSERA_INLINE void walk_by(const std::array<std::size_t, N>& counts, std::size_t axis, Out out,
                            In in, const Body& body, std::size_t count = 1) {
  if constexpr (Axis + 1 >= N) {
    with_rows<Rows>(count, axis, out, in, body);
  } else {
    for (std::size_t left = counts[Axis]; left > 0;) {
      const auto taken = Axis == axis ? rows_next<Rows>(left) : 1;
      walk_by<Rows, Axis + 1>(counts, axis, out, in, body, Axis == axis ? taken : count);
      out.step(Axis, static_cast<std::ptrdiff_t>(taken));
      in.step(Axis, static_cast<std::ptrdiff_t>(taken));
      left -= taken;
    }
  }
}

/// `to` takes all elements of a row, one after the other.
template <bool Unit, class State, class Node, class Fold>
TESSERA_INLINE void fold_in_order(State& to, const Node& from, std::ptrdiff_t length,
                                  const Fold& fold) {
  State state = to;
  for (std::ptrdiff_t i = 0; i < length; ++i) fold.step(state, from.template read<Unit>(i));
  to = state;
}

/// `to` takes all elements of a row: element i goes to the partial state i % 16, and these are
/// merged in pairs. A short row is taken in order.
template <bool Unit, class State, class Node, class Fold>
TESSERA_INLINE void fold_in_lanes(State& to, const Node& from, std::ptrdiff_t length,
                                  const Fold& fold) {
  constexpr std::ptrdiff_t lanes = 16;
  constexpr auto shortest = requires { Fold::any_order; } ? lanes : short_row + 1;
  if (length < shortest) return fold_in_order<Unit>(to, from, length, fold);
  State parts[lanes];
  for (auto& part : parts) part = fold.identity();
  const auto step = [&](std::ptrdiff_t lane, std::ptrdiff_t i) TESSERA_INLINE_CALL {
    fold.step(parts[lane], from.template read<Unit>(i));
  };
  std::ptrdiff_t i = 0;
  for (; length - i >= lanes; i += lanes) {
    TESSERA_KEEP_LOOP
    for (std::ptrdiff_t j = 0; j < lanes; ++j) step(j, i + j);
  }
  for (std::ptrdiff_t j = 0; i < length; ++i, ++j) step(j, i);
  for (auto half = lanes / 2; half > 0; half /= 2)
    for (std::ptrdiff_t j = 0; j < half; ++j) fold.merge(parts[j], parts[j + half]);
  fold.merge(to, parts[0]);
}

/// `to` takes all elements of a row, in lanes if the fold may be computed so.
template <bool Unit, class State, class Node, class Fold>
TESSERA_INLINE void fold_row(State& to, const Node& from, std::ptrdiff_t length, const Fold& fold) {
  if constexpr (Fold::in_lanes)
    fold_in_lanes<Unit>(to, from, length, fold);
  else
    fold_in_order<Unit>(to, from, length, fold);
}

/// Each state takes its elements of `in`. `to` has stride 0 on the reduced axes, and its kept axes
/// lie densely one after the other.
template <class State, std::size_t N, class Node, class Fold>
void fold_rows(const std::array<std::size_t, N>& shape, const ReducedAxes<N>& reduced,
               const StateRows<State, N>& to, const Node& in, const Fold& fold) {
  // A row goes over axes of one kind.
  std::size_t first = N;
  while (first > 0 && reduced[first - 1] == reduced[N - 1]) --first;
  const RowNest<N> rows(shape, to, in, first);
  if (rows.empty()) return;
  const auto length = rows.length;
  const auto start = in.non_owning();
  const auto with = [&]<bool Unit>() TESSERA_INLINE_CALL {
    if (N > 0 && reduced[N - 1]) {
      walk<0>(rows.counts, to, start, [&](const auto& a, const auto& from) TESSERA_INLINE_CALL {
        State state = a.load(0);
        if constexpr (!Unit && PackedRow<std::decay_t<decltype(from)>>::possible)
          each_pack(from, length,
                    [&](std::ptrdiff_t, const auto& row, std::ptrdiff_t n)
                        TESSERA_INLINE_CALL { fold_row<true>(state, row, n, fold); });
        else
          fold_row<Unit>(state, from, length, fold);
        a.store(0, state);
      });
    } else {
      using Row = std::decay_t<decltype(start)>;
      constexpr auto together =
          Unit || PackedRow<Row>::possible ? rows_at_a_time<Row> : std::size_t{1};
      walk_by<together>(rows.counts, first == 0 ? N : first - 1, to, start,
                        [&](const auto& a, const auto& from) TESSERA_INLINE_CALL {
                          if constexpr (!Unit && PackedRow<Row>::possible)
                            step_packed_row(a, from, length, fold);
                          else
                            step_row<Unit>(a, from, length, fold);
                        });
    }
  };
  if (in.unit())
    host::run_vectorized([&]() TESSERA_INLINE_CALL { with.template operator()<true>(); });
  else if constexpr (PackedRow<std::decay_t<decltype(start)>>::possible)
    host::run_vectorized([&]() TESSERA_INLINE_CALL { with.template operator()<false>(); });
  else
    with.template operator()<false>();
}

}  // namespace tessera::detail
