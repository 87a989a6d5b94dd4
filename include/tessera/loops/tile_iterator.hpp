// Floor 2, loops: a stepper and an iterator over the elements of a tile.
//
// xtensor's expressions move a TileStepper, along one axis at a time. Algorithms move a
// TileIterator, a random access iterator over all elements in row-major or column-major order. It
// is right wherever it is moved to, also backwards from the end; the iterators of xtensor 0.24 are
// not, for three axes and more.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <iterator>
#include <limits>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/loops/tile_layout.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

inline namespace TESSERA_BOUNDS {

/// A position that moves along one axis at a time. The expression that moves it has `offset` more
/// axes in front of the tile's own; along these the tile is repeated.
template <class T, std::size_t N, class Element>
class TileStepper {
 public:
  using value_type = std::remove_const_t<Element>;
  using reference = Element&;
  using pointer = Element*;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using shape_type = std::array<std::size_t, N>;
  // xtensor's repeat() requires these.
  using storage_type = xt::xtensor<std::remove_const_t<T>, N>;
  using subiterator_type = Element*;
  using subiterator_traits = std::iterator_traits<Element*>;

  TileStepper() = default;
  TileStepper(const TileLayout<T, N>& layout, std::size_t offset) noexcept
      : layout_(&layout), at_(layout.data), offset_(offset) {}

  reference operator*() const noexcept { return *at_; }

  void step(std::size_t dim, std::size_t n = 1) noexcept {
    move(dim, static_cast<std::ptrdiff_t>(n));
  }
  void step_back(std::size_t dim, std::size_t n = 1) noexcept {
    move(dim, -static_cast<std::ptrdiff_t>(n));
  }
  void reset(std::size_t dim) noexcept {
    if (N != 0 && dim >= offset_) at_ -= layout_->reach(dim - offset_);
  }
  void reset_back(std::size_t dim) noexcept {
    if (N != 0 && dim >= offset_) at_ += layout_->reach(dim - offset_);
  }
  void to_begin() noexcept { at_ = layout_->data; }
  /// Moves one step beyond the last element.
  void to_end(xt::layout_type order) noexcept {
    to_begin();
    for (std::size_t d = 0; d < N; ++d) at_ += layout_->reach(d);
    if constexpr (N > 0) {
      if (order == xt::layout_type::row_major)
        at_ += layout_->strides[N - 1];
      else if (offset_ == 0)
        at_ += layout_->strides[0];
    }
  }

 private:
  void move([[maybe_unused]] std::size_t dim, [[maybe_unused]] std::ptrdiff_t n) noexcept {
    if constexpr (N > 0)
      if (dim >= offset_) at_ += n * layout_->strides[dim - offset_];
  }

  const TileLayout<T, N>* layout_ = nullptr;
  T* at_ = nullptr;
  std::size_t offset_ = 0;
};

/// A random access iterator over all elements, in `Order`.
template <class T, std::size_t N, class Element, xt::layout_type Order>
class TileIterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = std::remove_const_t<Element>;
  using reference = Element&;
  using pointer = Element*;
  using difference_type = std::ptrdiff_t;

  TileIterator() = default;
  /// Points at element `number`; the number of all elements is the end.
  TileIterator(const TileLayout<T, N>& layout, std::ptrdiff_t number) noexcept
      : layout_(&layout), at_(layout.data), number_(number) {
    last_ = 0;
    step_ = 0;
    if constexpr (N > 0) {
      last_ = layout.last(axis(0));
      step_ = layout.strides[axis(0)];
    }
    if (number != 0) find();
  }
  /// Points into contiguous memory: xtensor makes one for a view of a tile that happens to be
  /// contiguous. layout_ is null.
  explicit(false) TileIterator(Element* at) noexcept : at_(const_cast<T*>(at)) {}
  /// An iterator over const elements from one over mutable elements.
  template <class Other>
    requires(std::is_const_v<Element> && !std::is_const_v<Other>)
  TileIterator(const TileIterator<T, N, Other, Order>& other) noexcept
      : layout_(other.layout_),
        at_(other.at_),
        number_(other.number_),
        inner_(other.inner_),
        last_(other.last_),
        step_(other.step_),
        index_(other.index_) {}

  reference operator*() const noexcept { return *at_; }
  pointer operator->() const noexcept { return at_; }
  reference operator[](difference_type n) const noexcept { return *(*this + n); }

  TileIterator& operator++() noexcept {
    ++number_;
    at_ += step_;
    if (inner_++ == last_) next_row();
    return *this;
  }
  TileIterator& operator--() noexcept { return *this += -1; }
  TileIterator& operator+=(difference_type n) noexcept {
    if (layout_ == nullptr) {
      at_ += n;
      return *this;
    }
    number_ += n;
    const auto to = inner_ + n;
    if (to >= 0 && to <= last_) {
      inner_ = to;
      at_ += n * step_;
    } else {
      find();
    }
    return *this;
  }
  TileIterator& operator-=(difference_type n) noexcept { return *this += -n; }
  TileIterator operator++(int) noexcept {
    auto before = *this;
    ++*this;
    return before;
  }
  TileIterator operator--(int) noexcept {
    auto before = *this;
    --*this;
    return before;
  }
  friend TileIterator operator+(TileIterator it, difference_type n) noexcept { return it += n; }
  friend TileIterator operator+(difference_type n, TileIterator it) noexcept { return it += n; }
  friend TileIterator operator-(TileIterator it, difference_type n) noexcept { return it -= n; }
  friend difference_type operator-(const TileIterator& a, const TileIterator& b) noexcept {
    return a.layout_ == nullptr ? a.at_ - b.at_ : a.number_ - b.number_;
  }
  friend bool operator==(const TileIterator& a, const TileIterator& b) noexcept {
    return a - b == 0;
  }
  friend auto operator<=>(const TileIterator& a, const TileIterator& b) noexcept {
    return a - b <=> 0;
  }

 private:
  template <class, std::size_t, class, xt::layout_type>
  friend class TileIterator;

  /// The k-th fastest axis.
  static constexpr std::size_t axis(std::size_t k) noexcept {
    return Order == xt::layout_type::column_major ? k : N - 1 - k;
  }
  /// Goes on from one step beyond a row to the first element of the next.
  void next_row() noexcept {
    at_ -= inner_ * step_;
    inner_ = 0;
    for (std::size_t k = 1; k < N; ++k) {
      const auto d = axis(k);
      if (index_[d] < layout_->last(d)) {
        ++index_[d];
        at_ += layout_->strides[d];
        return;
      }
      index_[d] = 0;  // beyond the last element every index is 0 again
      at_ -= layout_->reach(d);
    }
  }
  /// Sets indices and address to those of element `number_`.
  void find() noexcept {
    at_ = layout_->data;
    auto rest = number_;
    for (std::size_t k = 0; k < N; ++k) {
      const auto d = axis(k);
      const auto extent = static_cast<std::ptrdiff_t>(layout_->shape[d]);
      if (extent == 0) return;
      const auto index = rest % extent;
      (k == 0 ? inner_ : index_[d]) = index;
      rest /= extent;
      at_ += index * layout_->strides[d];
    }
  }

  const TileLayout<T, N>* layout_ = nullptr;
  T* at_ = nullptr;
  std::ptrdiff_t number_ = 0;
  // The index on the fastest axis, the last one there, and its stride: so that ++ within a row
  // reads only the iterator. In contiguous memory a row has no end.
  std::ptrdiff_t inner_ = 0, last_ = (std::numeric_limits<std::ptrdiff_t>::max)(), step_ = 1;
  std::array<std::ptrdiff_t, N> index_{};  // on the other axes
};

static_assert(
    std::random_access_iterator<TileIterator<double, 3, const double, xt::layout_type::row_major>>);

}  // namespace TESSERA_BOUNDS

}  // namespace tessera::detail
