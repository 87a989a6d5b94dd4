// Public: TileView. Floor 2, loops: a Box of an array as an xtensor expression; its rows as spans.
//
// This is what a kernel gets. It owns nothing and is cheap to copy. Assigning to it writes
// elements, as with xtensor's views, by the loop of row_loop.hpp. Writing to a view of const
// elements does not compile. It is not a container: other tiles' elements lie between its own. So
// only xtensor's own strided views can call storage(), and where xtensor needs contiguous memory,
// it makes a copy.
//
// This header brings all of xtensor's functions that are different for tiles. A unit that had a
// tile without them would call xtensor's own by the same symbol: constraints are not part of it.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/base/convert.hpp>
#include <tessera/base/error.hpp>
#include <tessera/loops/assign_rows.hpp>
#include <tessera/loops/printing.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/tile_assign.hpp>
#include <tessera/loops/tile_elements.hpp>
#include <tessera/loops/tile_expression.hpp>
#include <tessera/loops/tile_extremes.hpp>
#include <tessera/loops/tile_iterator.hpp>
#include <tessera/loops/tile_reducer.hpp>
#include <tessera/loops/tile_scan.hpp>
#include <tessera/loops/tile_sort.hpp>
#include <tessera/loops/tile_statistics.hpp>
#include <tessera/loops/tile_traits.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera {

inline namespace TESSERA_BOUNDS {
/// The elements of one tile of an array (of the whole array for whole()), in place, with N axes. T
/// is const if the tile is only read. Valid during the kernel's call.
///
///     pool.map({4, 4}, [](auto v, auto t, auto r) { v = t + xt::exp(r); }, into(a), b, c);
template <class T, std::size_t N>
class TileView : public xt::xview_semantic<TileView<T, N>>,
                 public xt::xaccessible<TileView<T, N>>,
                 public detail::TileElements<TileView<T, N>, T, N> {
  using Semantic = xt::xview_semantic<TileView>;
  using Elements = detail::TileElements<TileView, T, N>;
  using Accessible = xt::xaccessible<TileView>;
  static constexpr bool writable = !std::is_const_v<T>;
  using Elements::layout_;

 public:
  using Extents = std::array<std::size_t, N>;     ///< elements on each axis
  using Strides = std::array<std::ptrdiff_t, N>;  ///< elements from one index to the next

  // xtensor requires these of an expression.
  using typename Semantic::temporary_type;
  using expression_tag = xt::xtensor_expression_tag;
  using value_type = std::remove_const_t<T>;
  using reference = T&;
  using const_reference = const T&;
  using pointer = T*;
  using const_pointer = const T*;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using bool_load_type = value_type;
  using shape_type = Extents;
  using inner_shape_type = Extents;
  using strides_type = Strides;
  using backstrides_type = Strides;
  using inner_strides_type = Strides;
  using inner_backstrides_type = Strides;
  using typename Elements::const_stepper;
  using typename Elements::stepper;
  using storage_type =
      xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;
  static constexpr xt::layout_type static_layout = xt::layout_type::dynamic;
  static constexpr bool contiguous_layout = false;

  /// `data`: the element at index 0, ..., 0. `strides`: in elements.
  TileView(T* data, const Extents& shape, const Strides& strides) noexcept
      : Elements({data, shape, strides}) {
    for (std::size_t d = 0; d < N; ++d)
      if (shape[d] == 1) layout_.strides[d] = 0;  // xtensor's convention for broadcasting
    for (std::size_t d = 0; d < N; ++d) backstrides_[d] = layout_.reach(d);
  }
  /// Views the same elements.
  TileView(const TileView& other) noexcept
      : Semantic(), Accessible(), Elements(other), backstrides_(other.backstrides_) {}
  ~TileView() = default;

  // Each function that writes has the sentence itself, and compiles to nothing for an input: so the
  // compiler says little else.

  /// Writes elements. `values` is an xtensor expression that broadcasts to this shape; if it does
  /// not, throws Error(shape_mismatch) and changes nothing.
  template <class E>
  TileView& operator=(const xt::xexpression<E>& values) {
    static_assert(
        writable,
        "tessera: this tile is an input and read-only: pass the array as into(array) to write it");
    store(values.derived_cast());
    return *this;
  }
  TileView& operator=(const TileView& values) {
    static_assert(
        writable,
        "tessera: this tile is an input and read-only: pass the array as into(array) to write it");
    store(values);
    return *this;
  }
  /// Sets every element.
  TileView& operator=(const value_type& value) {
    static_assert(
        writable,
        "tessera: this tile is an input and read-only: pass the array as into(array) to write it");
    run_on_rows(detail::Constant<value_type>{value});
    return *this;
  }
  /// A floating-point number for integers: converted as elements are.
  template <detail::ConvertsInPartTo<value_type> V>
  TileView& operator=(V value) {
    *this = detail::converted<value_type>(value);
    return *this;
  }
  /// Sets every element.
  void fill(const value_type& value) { *this = value; }
  template <detail::ConvertsInPartTo<value_type> V>
  void fill(V value) {
    *this = value;
  }

  using Accessible::dimension;
  using Accessible::shape;
  const Extents& shape() const noexcept { return layout_.shape; }  ///< elements on each axis
  /// Number of elements.
  std::size_t size() const noexcept { return static_cast<std::size_t>(layout_.size()); }
  /// data() points at index 0, ..., 0; one step on axis d is strides()[d] elements. The elements in
  /// between belong to other tiles.
  const Strides& strides() const noexcept { return layout_.strides; }
  T* data() noexcept { return layout_.data; }              ///< see strides()
  const T* data() const noexcept { return layout_.data; }  ///< see strides()

  /// The element at that index. Missing leading indices are 0. An index outside the tile reaches
  /// another tile's element, or none; where bounds are checked (TESSERA_CHECKS_BOUNDS), it throws
  /// Error(invalid_argument).
  template <class... Index>
  T& operator()(Index... index) {
    return *layout_.address(index...);
  }
  template <class... Index>
  const T& operator()(Index... index) const {
    return *layout_.address(index...);
  }
  /// As operator(), but never checked.
  template <class... Index>
  T& unchecked(Index... index) {
    return layout_.data[layout_.offset(index...)];
  }
  template <class... Index>
  const T& unchecked(Index... index) const {
    return layout_.data[layout_.offset(index...)];
  }
  /// The element at the index in [first, last).
  template <class It>
  T& element(It first, It last) {
    return *layout_.address_in(first, last);
  }
  template <class It>
  const T& element(It first, It last) const {
    return *layout_.address_in(first, last);
  }
  /// Element `number` in row-major order.
  T& flat(std::size_t number) { return *layout_.address_of(number); }
  const T& flat(std::size_t number) const { return *layout_.address_of(number); }

  /// The elements along the last axis at the given indices of all other axes. Throws
  /// Error(invalid_argument) if a section's step makes them not contiguous.
  template <std::integral... Index>
    requires(N > 0 && sizeof...(Index) == N - 1)
  std::span<T> row(Index... index) const {
    const auto length = layout_.shape[N - 1];
    if (length > 1 && layout_.strides[N - 1] != 1)
      throw Error(Errc::invalid_argument, "tile", "its rows are not contiguous",
                  "index it as tile(i, j)");
    T* at = layout_.data;
    std::size_t d = 0;
    ((at += static_cast<std::ptrdiff_t>(index) * layout_.strides[d++]), ...);
    if constexpr (TESSERA_CHECKS_BOUNDS)
      layout_.check_index(std::array<std::ptrdiff_t, N>{layout_.signed_of(index)..., 0},
                          length == 0);
    return {at, length};
  }

  // xtensor's expressions call these.
  xt::layout_type layout() const noexcept { return static_layout; }
  bool is_contiguous() const noexcept { return false; }
  const Strides& backstrides() const noexcept { return backstrides_; }
  std::size_t data_offset() const noexcept { return 0; }
  T& data_element(std::size_t number) { return flat(number); }
  const T& data_element(std::size_t number) const { return flat(number); }
  template <class S>
  bool broadcast_shape(S& to, bool = false) const {
    return xt::broadcast_shape(layout_.shape, to);
  }
  template <class S>
  bool has_linear_assign(const S&) const noexcept {
    return false;
  }
  /// Throws Error(shape_mismatch) if `to` is another shape: a tile keeps its own.
  template <class S>
  void resize(const S& to, bool = false) {
    if (!std::equal(shape().begin(), shape().end(), std::begin(to), std::end(to)))
      throw Error(Errc::shape_mismatch, "tile", "a tile can't change its shape");
  }
  template <class... Any>
  void reshape(Any&&...) = delete;

  /// The operand that loops over rows use.
  detail::Operand<T, N> operand() const noexcept { return {layout_.data, layout_.strides}; }

  // xtensor's semantics call these. They hide the inherited ones, which take equal strides for
  // contiguous memory.
  template <class E>
  TileView& assign(const xt::xexpression<E>& values) {  // for xt::noalias
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
    static_assert(
        writable,
        "tessera: this tile is an input and read-only: pass the array as into(array) to write it");
    const auto self = operand();
    run_on_rows(detail::Applied<std::decay_t<F>, detail::Operand<T, N>, detail::Constant<E>>{
        function, {self, {value}}});
    return *this;
  }
  void assign_temporary_impl(temporary_type&& values) {
    static_assert(
        writable,
        "tessera: this tile is an input and read-only: pass the array as into(array) to write it");
    store(values);
  }

 private:
  template <class Node>
  void run_on_rows([[maybe_unused]] const Node& node) {
    if constexpr (writable) detail::run_rows(this->shape(), operand(), node);
  }

  template <class E>
  void store([[maybe_unused]] const E& values) {
    if constexpr (writable) detail::assign_rows(this->shape(), operand(), values);
  }
  // xtensor's views of a tile use storage() with strides.
  template <class, class...>
  friend class xt::xview;
  template <class>
  friend struct xt::detail::inner_storage_getter;
  template <class>
  friend class xt::xstrided_view_base;
  template <class E, class S>
  friend auto& xt::detail::copy_move_storage(E&, const S&);

  // All memory from the first element to the last. Made only when it is called: a tile that does
  // not need it costs nothing.
  storage_type& storage() const noexcept {
    std::ptrdiff_t n = size() == 0 ? 0 : 1;
    for (const auto reach : backstrides_) n += n == 0 ? 0 : reach;
    return storage_.emplace(layout_.data, static_cast<std::size_t>(n > 0 ? n : 0));
  }

  Strides backstrides_{};
  mutable std::optional<storage_type> storage_;
};

}  // namespace TESSERA_BOUNDS

}  // namespace tessera
