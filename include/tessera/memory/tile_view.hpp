// Floor 2, memory: a Box of an array as an xtensor expression; rows as spans.
//
// What a kernel sees. It owns nothing and copies cheaply; assigning to it writes elements, as with
// xtensor's views, by the loop of row_loop.hpp. A view of const elements can't be written: that
// does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include <tessera/base/error.hpp>
#include <tessera/memory/row_loop.hpp>
#include <tessera/memory/xtensor.hpp>

namespace tessera {

template <class T, std::size_t N>
class TileView;

}  // namespace tessera

namespace xt {

template <class T, std::size_t N>
struct xcontainer_inner_types<tessera::TileView<T, N>>
    : tessera::detail::StridedTypes<T, N, layout_type::dynamic> {};

template <class T, std::size_t N>
struct xiterable_inner_types<tessera::TileView<T, N>>
    : xcontainer_iterable_types<tessera::TileView<T, N>> {};

}  // namespace xt

namespace tessera {

/// The elements of one tile of an array (or all of it, for whole()), N axes, in place. T is const
/// for a tile that is only read. Valid during the kernel's call.
template <class T, std::size_t N>
class TileView : public xt::xstrided_container<TileView<T, N>>,
                 public xt::xview_semantic<TileView<T, N>> {
  using Container = xt::xstrided_container<TileView>;
  using Semantic = xt::xview_semantic<TileView>;
  static constexpr bool writable = !std::is_const_v<T>;

 public:
  using typename Container::storage_type;
  using typename Container::value_type;
  using typename Semantic::temporary_type;
  using Extents = std::array<std::size_t, N>;
  using Strides = std::array<std::ptrdiff_t, N>;  ///< in elements

  TileView(T* data, const Extents& shape, const Strides& strides) noexcept
      : Container(Extents(shape), Strides(strides)), storage_(data, elements(shape)) {
    this->mutable_layout() = xt::layout_type::dynamic;
    for (std::size_t d = 0; d < N; ++d) {
      if (shape[d] == 1) this->strides_impl()[d] = 0;  // xtensor's convention, which broadcasts
      this->backstrides_impl()[d] =
          this->strides_impl()[d] * (static_cast<std::ptrdiff_t>(shape[d]) - 1);
    }
  }
  TileView(const TileView& other) noexcept
      : TileView(other.data_pointer(), other.shape(), other.strides()) {}
  ~TileView() = default;

  /// Writes elements: `values` is any xtensor expression that broadcasts to this shape. Throws
  /// Error(shape_mismatch) and changes nothing where it does not.
  template <class E>
  TileView& operator=(const xt::xexpression<E>& values) {
    must_be_writable();
    store(values.derived_cast());
    return *this;
  }
  TileView& operator=(const TileView& values) {
    must_be_writable();
    store(values);
    return *this;
  }
  /// Sets every element.
  TileView& operator=(const value_type& value) {
    must_be_writable();
    run_on_rows(detail::Constant<value_type>{value});
    return *this;
  }
  void fill(const value_type& value) { *this = value; }

  /// The contiguous elements of the last axis at the given indices of all other axes. Throws
  /// Error(invalid_argument) where a section's step leaves them scattered.
  template <std::integral... Index>
    requires(N > 0 && sizeof...(Index) == N - 1)
  std::span<T> row(Index... index) const {
    const auto length = this->shape()[N - 1];
    if (length > 1 && this->strides()[N - 1] != 1)
      throw Error(Errc::invalid_argument, "tile", "its rows are not contiguous",
                  "index it as tile(i, j)");
    T* at = data_pointer();
    std::size_t d = 0;
    ((at += static_cast<std::ptrdiff_t>(index) * this->strides()[d++]), ...);
    return {at, length};
  }

  /// Never: a view has the shape of its tile.
  template <class S>
  void resize(const S& shape, bool = false) {
    if (!std::equal(this->shape().begin(), this->shape().end(), std::begin(shape), std::end(shape)))
      throw Error(Errc::shape_mismatch, "tile", "a tile can't change its shape");
  }
  template <class... Any>
  void reshape(Any&&...) = delete;

  /// What the loops over rows walk.
  detail::Operand<T, N> operand() const noexcept { return {data_pointer(), this->strides()}; }

  // What xtensor's semantics call. Hidden here, since the inherited ones take equal strides for
  // contiguous memory.
  template <class S>
  bool has_linear_assign(const S&) const noexcept {
    return false;
  }
  template <class E>
  TileView& assign(const xt::xexpression<E>& values) {  // of xt::noalias
    return *this = values;
  }
  template <class E>
  TileView& assign_xexpression(const xt::xexpression<E>& values) {
    return *this = values;
  }
  template <class E>
  TileView& computed_assign(const xt::xexpression<E>& values) {
    return *this = values;
  }
  template <class E, class F>
  TileView& scalar_computed_assign(const E& value, F&& function) {
    must_be_writable();
    const auto self = operand();
    run_on_rows(detail::Applied<std::decay_t<F>, detail::Operand<T, N>, detail::Constant<E>>{
        function, {self, {value}}});
    return *this;
  }
  void assign_temporary_impl(temporary_type&& values) { store(values); }

 private:
  friend class xt::xcontainer<TileView>;

  static std::size_t elements(const Extents& shape) noexcept {
    std::size_t n = 1;
    for (const auto extent : shape) n *= extent;
    return n;
  }
  static void must_be_writable() {
    static_assert(
        writable,
        "tessera: this tile is an input and read-only: pass the array as into(array) to write it");
  }
  T* data_pointer() const noexcept { return const_cast<T*>(storage_.data()); }

  template <class Node>
  void run_on_rows(const Node& node) {
    detail::run_rows(this->shape(), operand(), node);
  }

  template <class E>
  void store(const E& values) {
    const auto node = detail::make_node(values, this->shape());
    if (!node.disturbed_by(operand(), this->shape())) {
      run_on_rows(node);
    } else {  // the right side reads, shifted, what the left side writes
      temporary_type copy(this->shape());
      TileView<value_type, N>(copy.data(), this->shape(), copy.strides()).run_on_rows(node);
      run_on_rows(detail::make_node(copy, this->shape()));
    }
  }
  template <class, std::size_t>
  friend class TileView;

  storage_type& storage_impl() noexcept { return storage_; }
  const storage_type& storage_impl() const noexcept { return storage_; }

  storage_type storage_;
};

}  // namespace tessera
