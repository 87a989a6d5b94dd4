// Floor 2, loops: the iterators of a tile, for algorithms and for xtensor.
//
// TileView inherits them. A shape that the tile is broadcast to has xtensor's own iterators.
#pragma once

#include <cstddef>
#include <iterator>

#include <tessera/base/config.hpp>
#include <tessera/loops/tile_iterator.hpp>
#include <tessera/loops/tile_layout.hpp>
#include <tessera/loops/with_mdspan.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

inline namespace TESSERA_BOUNDS {

/// The base class of `Tile`, which is TileView<T, N>.
template <class Tile, class T, std::size_t N>
class TileElements : public xt::xiterable<Tile>, public WithMdspan<Tile> {
  using Iterable = xt::xiterable<Tile>;
  static constexpr xt::layout_type usual = XTENSOR_DEFAULT_TRAVERSAL;

 public:
  using stepper = TileStepper<T, N, T>;
  using const_stepper = TileStepper<T, N, const T>;

  template <xt::layout_type L>
  using layout_iterator = TileIterator<T, N, T, L>;
  template <xt::layout_type L>
  using const_layout_iterator = TileIterator<T, N, const T, L>;
  template <xt::layout_type L>
  using reverse_layout_iterator = std::reverse_iterator<layout_iterator<L>>;
  template <xt::layout_type L>
  using const_reverse_layout_iterator = std::reverse_iterator<const_layout_iterator<L>>;
  using iterator = layout_iterator<usual>;
  using const_iterator = const_layout_iterator<usual>;
  using reverse_iterator = reverse_layout_iterator<usual>;
  using const_reverse_iterator = const_reverse_layout_iterator<usual>;
  using linear_iterator = iterator;
  using const_linear_iterator = const_iterator;
  using reverse_linear_iterator = reverse_iterator;
  using const_reverse_linear_iterator = const_reverse_iterator;

  TileElements& operator=(const TileElements&) = delete;

  /// Random access iterators over all elements, in row-major order unless L is another. Valid as
  /// long as this view.
  template <xt::layout_type L = usual>
  layout_iterator<L> begin() noexcept {
    return {layout_, 0};
  }
  template <xt::layout_type L = usual>
  layout_iterator<L> end() noexcept {
    return {layout_, layout_.size()};
  }
  template <xt::layout_type L = usual>
  const_layout_iterator<L> begin() const noexcept {
    return {layout_, 0};
  }
  template <xt::layout_type L = usual>
  const_layout_iterator<L> end() const noexcept {
    return {layout_, layout_.size()};
  }
  template <xt::layout_type L = usual>
  const_layout_iterator<L> cbegin() const noexcept {
    return begin<L>();
  }
  template <xt::layout_type L = usual>
  const_layout_iterator<L> cend() const noexcept {
    return end<L>();
  }
  template <xt::layout_type L = usual>
  reverse_layout_iterator<L> rbegin() noexcept {
    return reverse_layout_iterator<L>(end<L>());
  }
  template <xt::layout_type L = usual>
  reverse_layout_iterator<L> rend() noexcept {
    return reverse_layout_iterator<L>(begin<L>());
  }
  template <xt::layout_type L = usual>
  const_reverse_layout_iterator<L> rbegin() const noexcept {
    return const_reverse_layout_iterator<L>(end<L>());
  }
  template <xt::layout_type L = usual>
  const_reverse_layout_iterator<L> rend() const noexcept {
    return const_reverse_layout_iterator<L>(begin<L>());
  }
  template <xt::layout_type L = usual>
  const_reverse_layout_iterator<L> crbegin() const noexcept {
    return rbegin<L>();
  }
  template <xt::layout_type L = usual>
  const_reverse_layout_iterator<L> crend() const noexcept {
    return rend<L>();
  }
  // In a contiguous expression these are pointers. Here they are the iterators above.
  iterator linear_begin() noexcept { return begin(); }
  iterator linear_end() noexcept { return end(); }
  const_iterator linear_begin() const noexcept { return begin(); }
  const_iterator linear_end() const noexcept { return end(); }
  const_iterator linear_cbegin() const noexcept { return begin(); }
  const_iterator linear_cend() const noexcept { return end(); }
  // Iterators over a shape that this one broadcasts to: those of xtensor.
  template <xt::layout_type L = usual, class S>
  auto begin(const S& to) const noexcept {
    return Iterable::template cbegin<L>(to);
  }
  template <xt::layout_type L = usual, class S>
  auto end(const S& to) const noexcept {
    return Iterable::template cend<L>(to);
  }
  template <xt::layout_type L = usual, class S>
  auto cbegin(const S& to) const noexcept {
    return Iterable::template cbegin<L>(to);
  }
  template <xt::layout_type L = usual, class S>
  auto cend(const S& to) const noexcept {
    return Iterable::template cend<L>(to);
  }

  // xtensor's expressions call these.
  template <class S>
  stepper stepper_begin(const S& to) noexcept {
    return {layout_, to.size() - N};
  }
  template <class S>
  stepper stepper_end(const S& to, xt::layout_type order) noexcept {
    auto out = stepper_begin(to);
    out.to_end(order);
    return out;
  }
  template <class S>
  const_stepper stepper_begin(const S& to) const noexcept {
    return {layout_, to.size() - N};
  }
  template <class S>
  const_stepper stepper_end(const S& to, xt::layout_type order) const noexcept {
    auto out = stepper_begin(to);
    out.to_end(order);
    return out;
  }

 protected:
  explicit TileElements(const TileLayout<T, N>& layout) noexcept : layout_(layout) {}
  TileElements(const TileElements& other) noexcept : Iterable(), layout_(other.layout_) {}
  ~TileElements() = default;

  TileLayout<T, N> layout_;
};

}  // namespace TESSERA_BOUNDS

}  // namespace tessera::detail
