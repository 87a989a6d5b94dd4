// Floor 2, loops: which xtensor expressions read or are tiles, and the rank of a loop over them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <tessera/loops/tile_fwd.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

/// True if an expression reads a TileView, itself or in one of its arguments.
template <class E>
struct ReadsTile : std::false_type {};
template <class T, std::size_t N>
struct ReadsTile<TileView<T, N>> : std::true_type {};
template <template <class...> class Expression, class... Arguments>
struct ReadsTile<Expression<Arguments...>>
    : std::disjunction<ReadsTile<std::remove_cvref_t<Arguments>>...> {};
template <class CT, class S, xt::layout_type L, class Storage>
struct ReadsTile<xt::xstrided_view<CT, S, L, Storage>> : ReadsTile<std::remove_cvref_t<CT>> {};

/// An expression that reads no tile, presented as one that does: so its reductions are computed in
/// rows too. It refers to the expression.
template <class E>
struct AsTile {
  using value_type = typename E::value_type;
  using size_type = typename E::size_type;
  using shape_type = typename E::shape_type;
  using const_stepper = typename E::const_stepper;
  const E& expression;
  const auto& shape() const { return expression.shape(); }
  std::size_t dimension() const { return expression.dimension(); }
};
template <class E>
struct ReadsTile<AsTile<E>> : std::true_type {};

/// The expression itself.
template <class E>
const E& unwrapped_expression(const E& e) {
  return e;
}
template <class E>
const E& unwrapped_expression(const AsTile<E>& e) {
  return e.expression;
}

template <class E>
concept TileExpression = ReadsTile<std::remove_cvref_t<E>>::value;

/// True of xt::view and xt::strided_view of a tile, or of such a view.
template <class E>
inline constexpr bool is_view_of_tile = false;
template <class CT, class... S>
inline constexpr bool is_view_of_tile<xt::xview<CT, S...>> = TileExpression<CT>;
template <class CT, class S, xt::layout_type L, class Storage>
inline constexpr bool is_view_of_tile<xt::xstrided_view<CT, S, L, Storage>> = TileExpression<CT>;

/// True if the type of an expression tells its rank.
template <class E>
concept HasStaticRank = requires { std::tuple_size<typename E::shape_type>::value; };

/// The rank of the loop over an expression. Where the rank is known only when the program runs, it
/// is 4, or more if an argument has more; missing leading axes have extent 1.
template <class E>
struct LoopRank : std::integral_constant<std::size_t, 4> {};
template <HasStaticRank E>
struct LoopRank<E>
    : std::integral_constant<std::size_t, std::tuple_size_v<typename E::shape_type>> {};
template <class F, class... Arguments>
  requires(!HasStaticRank<xt::xfunction<F, Arguments...>>)
struct LoopRank<xt::xfunction<F, Arguments...>>
    : std::integral_constant<std::size_t,
                             (std::max)({std::size_t{4},
                                         LoopRank<std::remove_cvref_t<Arguments>>::value...})> {};

/// The extents of `e` for a loop over N axes: leading ones that it lacks are 1.
template <std::size_t N, class E>
std::array<std::size_t, N> loop_extents(const E& e) {
  std::array<std::size_t, N> out;
  out.fill(1);
  std::copy(e.shape().begin(), e.shape().end(),
            out.end() - static_cast<std::ptrdiff_t>(e.dimension()));
  return out;
}

}  // namespace tessera::detail
