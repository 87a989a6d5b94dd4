// Public: assignments to views of tiles, and of expressions with tiles to arrays. Floor 2, loops:
// in rows.
//
// xtensor assigns element by element, with steppers, and to a view by way of a temporary. Where a
// tile takes part, the specializations here do it as TileView does:
//     xt::view(v, xt::range(1, n - 1)) = (a + b) / 2;     // a view of a tile
//     xt::xtensor<double, 2> mean = xt::mean(t, {0});     // an array of the kernel's own
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tessera/loops/assign_rows.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

/// The destination as an operand, and the loop's extents.
template <std::size_t N, class E>
auto operand_of(E& e, const std::array<std::size_t, N>& extents) {
  return broadcast_operand(e.data() + static_cast<std::ptrdiff_t>(e.data_offset()), e.shape(),
                           e.strides(), extents);
}

/// to = values, elementwise, in rows. Throws Error(shape_mismatch) if `values` does not broadcast
/// to the shape of `to`.
template <class To, class E>
void assign_expression(To& to, const E& values) {
  constexpr auto rank = LoopRank<std::remove_cv_t<To>>::value;
  if (to.dimension() > rank) {  // more than a loop of run-time rank has
    const auto all = xt::broadcast(values, to.shape());
    xt::xarray<typename To::value_type, xt::layout_type::row_major> copy;
    copy.resize(to.shape());
    std::copy(all.begin(), all.end(), copy.begin());
    std::copy(copy.begin(), copy.end(), to.begin());
    return;
  }
  const auto extents = loop_extents<rank>(to);
  assign_rows(extents, operand_of(to, extents), values);
}

}  // namespace tessera::detail

namespace xt {

/// What xtensor derives its views from: assignments to a view of a tile.
template <class D>
  requires tessera::detail::is_view_of_tile<D>
class xview_semantic<D> : public xsemantic_base<D> {
 public:
  using base_type = xsemantic_base<D>;
  using derived_type = D;
  using temporary_type = typename base_type::temporary_type;

  D& assign_temporary(temporary_type&& values) { return assign_values(values); }
  template <class E>
  D& assign_xexpression(const xexpression<E>& values) {
    return assign_values(values.derived_cast());
  }
  template <class E>
  D& computed_assign(const xexpression<E>& values) {
    return assign_values(values.derived_cast());
  }
  template <class E, class F>
  D& scalar_computed_assign(const E& value, F&& function) {
    return assign_values(xfunction<std::decay_t<F>, const D&, xscalar<E>>(
        std::forward<F>(function), this->derived_cast(), xscalar<E>(value)));
  }

 protected:
  xview_semantic() = default;
  ~xview_semantic() = default;
  xview_semantic(const xview_semantic&) = default;
  xview_semantic& operator=(const xview_semantic&) = default;
  xview_semantic(xview_semantic&&) noexcept = default;
  xview_semantic& operator=(xview_semantic&&) noexcept = default;
  template <class E>
  D& operator=(  // NOLINT(misc-unconventional-assign-operator): D is derived, as in xtensor
      const xexpression<E>& values) {
    return assign_values(values.derived_cast());
  }

 private:
  template <class E>
  D& assign_values(const E& values) {
    auto& self = this->derived_cast();
    if constexpr (tessera::detail::StridedExpression<D>) {
      tessera::detail::assign_expression(self, values);
    } else {  // a view by xt::keep, xt::drop, ...: no strides
      temporary_type copy = broadcast(values, self.shape());
      std::copy(copy.cbegin(), copy.cend(), self.begin());
    }
    return self;
  }
};

/// How xtensor assigns what it can't assign as one block: expressions with tiles, to arrays.
template <class E1, class E2, layout_type L>
  requires(tessera::detail::TileExpression<E2> && tessera::detail::Rebuildable<E2> &&
           tessera::detail::StridedExpression<E1>)
class stepper_assigner<E1, E2, L> {
 public:
  stepper_assigner(E1& to, const E2& values) : to_(to), values_(values) {}
  void run() { tessera::detail::assign_expression(to_, values_); }

 private:
  E1& to_;
  const E2& values_;
};

}  // namespace xt
