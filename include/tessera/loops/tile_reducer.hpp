// Public: xt::sum, mean, amin, ... of expressions that read tiles. Floor 2, loops: reducers.
//
// xtensor computes each element of a reduction with steppers, which is many times slower than a
// loop. So this file specializes xt::xreducer for expressions that read a TileView: the same
// interface, and the values come from reduce_rows.hpp. They are computed when they are read, as
// with xtensor: all at once where the reduction is assigned or iterated, or one of them where it is
// indexed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/loops/folds.hpp>
#include <tessera/loops/make_node.hpp>
#include <tessera/loops/reduce_rows.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/xtensor.hpp>

namespace xt {

/// A reduction of an expression that reads tiles.
template <class F, class CT, class X, class O>
  requires tessera::detail::TileExpression<CT>
class xreducer<F, CT, X, O> : public xsharable_expression<xreducer<F, CT, X, O>>,
                              public xconst_iterable<xreducer<F, CT, X, O>>,
                              public xaccessible<xreducer<F, CT, X, O>> {
  using Iterable = xconst_iterable<xreducer>;
  using Types = xcontainer_inner_types<xreducer>;
  using Functors =
      xreducer_functors<typename Types::reduce_functor_type, typename Types::init_functor_type,
                        typename Types::merge_functor_type>;
  static constexpr std::size_t rank =
      tessera::detail::LoopRank<typename Types::xexpression_type>::value;

 public:
  using xexpression_type = typename Types::xexpression_type;
  using axes_type = X;
  using expression_tag = xtensor_expression_tag;
  using value_type = typename Types::value_type;
  using reference = value_type;
  using const_reference = value_type;
  using pointer = value_type*;
  using const_pointer = const value_type*;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using inner_shape_type = typename Iterable::inner_shape_type;
  using shape_type = inner_shape_type;
  using stepper = typename Iterable::stepper;
  using const_stepper = typename Iterable::const_stepper;
  using bool_load_type = value_type;
  static constexpr layout_type static_layout = layout_type::dynamic;
  static constexpr bool contiguous_layout = false;
  /// What all values are computed into.
  using Values = typename tessera::detail::Plain<value_type, std::decay_t<inner_shape_type>>::type;

  /// Throws std::runtime_error, as xtensor, if the axes are not sorted, distinct and of the
  /// expression.
  template <class Func, class E, class Axes, class Options>
  xreducer(Func&& functors, E&& e, Axes&& axes, Options&& options)
      : e_(std::forward<E>(e)),
        functors_(xt::get<0>(functors), xt::get<1>(functors), xt::get<2>(functors)),
        axes_(std::forward<Axes>(axes)),
        options_(std::forward<Options>(options)) {
    check_axes();
    constexpr bool keeps = O::keep_dims::value;
    shape_ = xtl::make_sequence<inner_shape_type>(
        keeps ? e_.dimension() : e_.dimension() - axes_.size(), 0);
    std::size_t k = 0;
    for (std::size_t d = 0; d < e_.dimension(); ++d) {
      if (!reduces(d))
        shape_[k++] = e_.shape()[d];
      else if (keeps)
        shape_[k++] = 1;
    }
  }

  const inner_shape_type& shape() const noexcept { return shape_; }
  layout_type layout() const noexcept { return static_layout; }
  bool is_contiguous() const noexcept { return false; }
  const xexpression_type& expression() const noexcept { return e_; }
  Functors functors() const { return functors_; }
  const O& options() const { return options_; }

  /// All values, row-major. `done`: the reductions that the same assignment has computed.
  Values values(tessera::detail::ComputedReductions& done) const {
    auto out = Values::from_shape(shape_);
    compute_into(out, done);
    return out;
  }
  Values values() const {
    tessera::detail::ComputedReductions done;
    return values(done);
  }
  /// The same into an array of this shape.
  void compute_into(Values& out, tessera::detail::ComputedReductions& done) const {
    if (e_.dimension() > rank)
      out = by_xtensor();
    else
      compute(out.data(), nullptr, done);
  }

  template <class... Index>
  value_type operator()(Index... index) const {
    const std::array<std::ptrdiff_t, sizeof...(Index)> at{static_cast<std::ptrdiff_t>(index)...};
    return element(at.begin(), at.end());
  }
  template <class... Index>
  value_type unchecked(Index... index) const {
    return (*this)(index...);
  }
  /// Computes that element only. Missing leading indices are 0.
  template <class It>
  value_type element(It first, It last) const {
    if (e_.dimension() > rank) return by_xtensor().element(first, last);
    value_type out;
    std::array<std::ptrdiff_t, rank> at{};
    for (std::size_t k = 1; k <= e_.dimension() && last != first; ++k)
      if (O::keep_dims::value || !reduces(e_.dimension() - k))
        at[rank - k] = static_cast<std::ptrdiff_t>(*--last);
    tessera::detail::ComputedReductions done;
    compute(&out, &at, done);
    return out;
  }

  template <class S>
  bool broadcast_shape(S& to, bool = false) const {
    return xt::broadcast_shape(shape_, to);
  }
  template <class S>
  bool has_linear_assign(const S&) const noexcept {
    return false;
  }
  template <class S>
  const_stepper stepper_begin(const S& shape) const {
    return const_stepper(*this, shape, false, layout_type::row_major);
  }
  template <class S>
  const_stepper stepper_end(const S& shape, layout_type order) const {
    return const_stepper(*this, shape, true, order);
  }

 private:
  void check_axes() const {
    const auto fail = [](const std::string& what) { throw std::runtime_error(what); };
    if (std::adjacent_find(axes_.begin(), axes_.end(), std::greater_equal<>()) != axes_.end())
      fail("Reducing axes should be sorted, without duplicates.");
    if (axes_.size() != 0 && axes_[axes_.size() - 1] >= e_.dimension())
      fail("Axis " + std::to_string(axes_[axes_.size() - 1]) + " out of bounds for reduction.");
  }
  bool reduces(std::size_t axis) const {
    return std::find(axes_.begin(), axes_.end(), axis) != axes_.end();
  }
  /// Computes all values, or that at one place (indices on the reduced axes count for nothing).
  void compute(value_type* out, const std::array<std::ptrdiff_t, rank>* place,
               tessera::detail::ComputedReductions& done) const {
    auto extents = tessera::detail::loop_extents<rank>(e_);
    tessera::detail::ReducedAxes<rank> reduced{};
    const auto lacking = rank - e_.dimension();
    for (std::size_t d = lacking; d < rank; ++d) reduced[d] = reduces(d - lacking);
    const auto node =
        tessera::detail::make_node(tessera::detail::unwrapped_expression(e_), extents, done);
    auto begin = node.non_owning();
    for (std::size_t d = 0; place != nullptr && d < rank; ++d) {
      if (reduced[d]) continue;
      begin.step(d, (*place)[d]);
      extents[d] = 1;
    }
    if constexpr (requires { functors_.get_reduce().ddof; }) {
      constexpr bool skips =
          std::is_same_v<std::remove_cv_t<typename Functors::reduce_functor_type>,
                         tessera::detail::Variance<true>>;
      return tessera::detail::variance_rows<skips>(extents, reduced, out, begin,
                                                   functors_.get_reduce().ddof);
    } else {
      tessera::detail::with_fold<value_type, tessera::detail::ValueOf<decltype(node)>>(
          functors_.get_reduce(), functors_.get_init(), functors_.get_merge(),
          [&](const auto& fold) {
            auto start = fold.identity();
            if constexpr (O::has_initial_value)
              start = {static_cast<typename decltype(start)::value_type>(options_.initial_value)};
            tessera::detail::reduce_rows(extents, reduced, out, begin, start, fold);
          });
    }
  }
  /// For a rank beyond that of the loop: xtensor's own reducer, of a copy of the expression.
  auto by_xtensor() const {
    using Copy = xarray<typename xexpression_type::value_type, layout_type::row_major>;
    return xreducer<Functors, Copy, std::decay_t<X>, O>(
        functors_, Copy(tessera::detail::unwrapped_expression(e_)), axes_, options_);
  }

  CT e_;
  Functors functors_;
  std::decay_t<X> axes_;
  inner_shape_type shape_;
  O options_;
};

/// Goes through the values of a reduction. They are computed when the first one is read: so the
/// steppers that only mark an end compute nothing.
template <class F, class CT, class X, class O>
  requires tessera::detail::TileExpression<CT>
class xreducer_stepper<F, CT, X, O> {
  using Reducer = xreducer<F, CT, X, O>;
  using Values = typename Reducer::Values;
  using At = typename Values::const_stepper;

 public:
  using value_type = typename Reducer::value_type;
  using reference = value_type;
  using pointer = typename Reducer::const_pointer;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using shape_type = typename Reducer::shape_type;

  template <class S>
  xreducer_stepper(const Reducer& reducer, const S& shape, bool end, layout_type order)
      : reducer_(&reducer),
        all_(std::make_shared<All>(All{Values::from_shape(reducer.shape())})),
        at_(end ? std::as_const(all_->values).stepper_end(shape, order)
                : std::as_const(all_->values).stepper_begin(shape)) {}

  reference operator*() const {
    if (!all_->computed) {
      tessera::detail::ComputedReductions done;
      reducer_->compute_into(all_->values, done);
      all_->computed = true;
    }
    return *at_;
  }
  void step(size_type axis) { at_.step(axis); }
  void step_back(size_type axis) { at_.step_back(axis); }
  void step(size_type axis, size_type n) { at_.step(axis, n); }
  void step_back(size_type axis, size_type n) { at_.step_back(axis, n); }
  void reset(size_type axis) { at_.reset(axis); }
  void reset_back(size_type axis) { at_.reset_back(axis); }
  void to_begin() { at_.to_begin(); }
  void to_end(layout_type order) { at_.to_end(order); }

 private:
  struct All {
    Values values;
    bool computed = false;
  };

  const Reducer* reducer_;
  std::shared_ptr<All> all_;  // of all copies of this stepper
  At at_;
};

}  // namespace xt
