// Floor 2, memory: a Box of an array as an xtensor expression; rows as spans.
//
// What a kernel sees. It owns nothing and copies cheaply; assigning to it writes elements, as with
// xtensor's views, by the loop of row_loop.hpp. A view of const elements can't be written: that
// does not compile. It is no container: its elements lie scattered among those of other tiles. So
// nobody gets at its storage() but xtensor's own strided views, and where xtensor needs contiguous
// memory it makes a copy.
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
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/memory/row_loop.hpp>
#include <tessera/memory/tile_iterator.hpp>
#include <tessera/memory/xtensor.hpp>

namespace tessera {

inline namespace TESSERA_BOUNDS {
template <class T, std::size_t N>
class TileView;
}

}  // namespace tessera

namespace xt {

template <class T, std::size_t N>
struct xcontainer_inner_types<tessera::TileView<T, N>> {
  using reference = T&;
  using const_reference = const T&;
  using size_type = std::size_t;
  using temporary_type = xtensor<std::remove_const_t<T>, N, layout_type::row_major>;
  static constexpr layout_type layout = layout_type::dynamic;
};

template <class T, std::size_t N>
struct xiterable_inner_types<tessera::TileView<T, N>> {
  using inner_shape_type = std::array<std::size_t, N>;
  using stepper = tessera::detail::TileStepper<T, N, T>;
  using const_stepper = tessera::detail::TileStepper<T, N, const T>;
};

}  // namespace xt

namespace tessera {

inline namespace TESSERA_BOUNDS {
/// The elements of one tile of an array (or all of it, for whole()), N axes, in place. T is const
/// for a tile that is only read. Valid during the kernel's call.
template <class T, std::size_t N>
class TileView : public xt::xview_semantic<TileView<T, N>>,
                 public xt::xaccessible<TileView<T, N>>,
                 public xt::xiterable<TileView<T, N>> {
  using Semantic = xt::xview_semantic<TileView>;
  using Iterable = xt::xiterable<TileView>;
  using Accessible = xt::xaccessible<TileView>;
  static constexpr bool writable = !std::is_const_v<T>;
  static constexpr xt::layout_type usual = XTENSOR_DEFAULT_TRAVERSAL;

 public:
  using Extents = std::array<std::size_t, N>;
  using Strides = std::array<std::ptrdiff_t, N>;

  // What xtensor asks of an expression.
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
  using typename Iterable::const_stepper;
  using typename Iterable::stepper;
  using storage_type =
      xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;
  static constexpr xt::layout_type static_layout = xt::layout_type::dynamic;
  static constexpr bool contiguous_layout = false;

  template <xt::layout_type L>
  using layout_iterator = detail::TileIterator<T, N, T, L>;
  template <xt::layout_type L>
  using const_layout_iterator = detail::TileIterator<T, N, const T, L>;
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

  /// Elements from `data` on; `strides` in elements of the array that they lie in.
  TileView(T* data, const Extents& shape, const Strides& strides) noexcept
      : layout_{data, shape, strides} {
    for (std::size_t d = 0; d < N; ++d)
      if (shape[d] == 1) layout_.strides[d] = 0;  // xtensor's convention, which broadcasts
    for (std::size_t d = 0; d < N; ++d) backstrides_[d] = layout_.reach(d);
  }
  TileView(const TileView& other) noexcept
      : Semantic(),
        Accessible(),
        Iterable(),
        layout_(other.layout_),
        backstrides_(other.backstrides_) {}
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

  using Accessible::dimension;
  using Accessible::shape;
  const Extents& shape() const noexcept { return layout_.shape; }  ///< elements on each axis
  std::size_t size() const noexcept { return static_cast<std::size_t>(layout_.size()); }
  xt::layout_type layout() const noexcept { return static_layout; }
  /// The element of index 0, ..., 0 stands at data(), the next on an axis strides() elements
  /// further on. What lies between belongs to other tiles.
  const Strides& strides() const noexcept { return layout_.strides; }
  const Strides& backstrides() const noexcept { return backstrides_; }
  T* data() noexcept { return layout_.data; }
  const T* data() const noexcept { return layout_.data; }
  std::size_t data_offset() const noexcept { return 0; }

  bool is_contiguous() const noexcept { return false; }

  /// The element of that index. Indices of leading axes may be left out, and count as 0. An index
  /// outside the tile is another tile's element, or none at all; where bounds are checked (see
  /// TESSERA_CHECKS_BOUNDS) it throws Error(invalid_argument).
  template <class... Index>
  T& operator()(Index... index) {
    return *address(index...);
  }
  template <class... Index>
  const T& operator()(Index... index) const {
    return *address(index...);
  }
  /// The same, never checked.
  template <class... Index>
  T& unchecked(Index... index) {
    return layout_.data[offset(index...)];
  }
  template <class... Index>
  const T& unchecked(Index... index) const {
    return layout_.data[offset(index...)];
  }
  /// The element whose index stands in a range.
  template <class It>
  T& element(It first, It last) {
    return *address_in(first, last);
  }
  template <class It>
  const T& element(It first, It last) const {
    return *address_in(first, last);
  }
  /// Element `number` in row-major order.
  T& flat(std::size_t number) { return *iterator_at<xt::layout_type::row_major>(number); }
  const T& flat(std::size_t number) const {
    return *iterator_at<xt::layout_type::row_major>(number);
  }

  T& data_element(std::size_t number) { return flat(number); }
  const T& data_element(std::size_t number) const { return flat(number); }

  /// The contiguous elements of the last axis at the given indices of all other axes. Throws
  /// Error(invalid_argument) where a section's step leaves them scattered.
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
      check_index(std::array<std::ptrdiff_t, N>{signed_of(index)..., 0}, length == 0);
    return {at, length};
  }

  /// Iterators over all elements, row-major if not told otherwise: random access, right for every
  /// algorithm. Valid as long as this view.
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
  // Of an expression in contiguous memory these are pointers; here they are the iterators above.
  iterator linear_begin() noexcept { return begin(); }
  iterator linear_end() noexcept { return end(); }
  const_iterator linear_begin() const noexcept { return begin(); }
  const_iterator linear_end() const noexcept { return end(); }
  const_iterator linear_cbegin() const noexcept { return begin(); }
  const_iterator linear_cend() const noexcept { return end(); }
  // The same over a shape that this one broadcasts to: xtensor's own.
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

  // What xtensor's expressions call.
  template <class S>
  bool broadcast_shape(S& to, bool = false) const {
    return xt::broadcast_shape(layout_.shape, to);
  }
  template <class S>
  bool has_linear_assign(const S&) const noexcept {
    return false;
  }
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
  /// Never: a view has the shape of its tile.
  template <class S>
  void resize(const S& to, bool = false) {
    if (!std::equal(shape().begin(), shape().end(), std::begin(to), std::end(to)))
      throw Error(Errc::shape_mismatch, "tile", "a tile can't change its shape");
  }
  template <class... Any>
  void reshape(Any&&...) = delete;

  /// What the loops over rows walk.
  detail::Operand<T, N> operand() const noexcept { return {layout_.data, layout_.strides}; }

  // What xtensor's semantics call. Hidden here, since the inherited ones take equal strides for
  // contiguous memory.
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
  static void must_be_writable() {
    static_assert(writable,
                  "tessera: this tile is an input and read-only: pass the array as into(array) "
                  "to write it");
  }

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
  // xtensor's views of a view: they go by strides.
  template <class, class...>
  friend class xt::xview;
  template <class>
  friend struct xt::detail::inner_storage_getter;
  template <class>
  friend class xt::xstrided_view_base;
  template <class E, class S>
  friend auto& xt::detail::copy_move_storage(E&, const S&);

  // From the first element to the last, all that lies between included. Made when it is asked for,
  // so that a tile costs nothing to make.
  storage_type& storage() const noexcept {
    std::ptrdiff_t n = size() == 0 ? 0 : 1;
    for (const auto reach : backstrides_) n += n == 0 ? 0 : reach;
    return storage_.emplace(layout_.data, static_cast<std::size_t>(n > 0 ? n : 0));
  }

  static std::ptrdiff_t signed_of(auto index) noexcept {
    return static_cast<std::ptrdiff_t>(index);
  }

  // Trailing indices count, as in xtensor: too many lose the first ones.
  template <class... Index>
  std::ptrdiff_t offset(Index... index) const noexcept {
    std::ptrdiff_t out = 0;
    std::size_t k = 0;
    [[maybe_unused]] const auto add = [&](std::ptrdiff_t i) {
      if (k + N >= sizeof...(Index)) out += i * layout_.strides[k + N - sizeof...(Index)];
      ++k;
    };
    if constexpr (N > 0) (add(signed_of(index)), ...);
    return out;
  }
  template <class... Index>
  T* address(Index... index) const {
    if constexpr (TESSERA_CHECKS_BOUNDS) {
      const std::array<std::ptrdiff_t, sizeof...(Index)> all{signed_of(index)...};
      check_index(all, false);
    }
    return layout_.data + offset(index...);
  }
  template <class It>
  T* address_in(It first, It last) const {
    const auto count = static_cast<std::size_t>(std::distance(first, last));
    Strides index{};
    for (std::size_t k = 0; first != last; ++first, ++k)
      if (k + N >= count) index[k + N - count] = signed_of(*first);
    if constexpr (TESSERA_CHECKS_BOUNDS) check_index(index, false);
    T* at = layout_.data;
    for (std::size_t d = 0; d < N; ++d) at += index[d] * layout_.strides[d];
    return at;
  }
  template <xt::layout_type L>
  layout_iterator<L> iterator_at(std::size_t number) const {
    if constexpr (TESSERA_CHECKS_BOUNDS)
      if (number >= size()) outside(std::array{signed_of(number)});
    return {layout_, signed_of(number)};
  }

  // An axis of extent 1 is repeated for every index.
  template <std::size_t M>
  void check_index(const std::array<std::ptrdiff_t, M>& index, bool no_elements) const {
    for (std::size_t k = M > N ? M - N : 0; k < M; ++k) {
      const auto d = k + N - M;
      if (no_elements && d + 1 == N) continue;
      if (layout_.shape[d] != 1 && (index[k] < 0 || index[k] > layout_.last(d))) outside(index);
    }
  }
  template <std::size_t M>
  [[noreturn]] void outside(const std::array<std::ptrdiff_t, M>& index) const {
    std::string words;
    for (const auto i : index) words += (words.empty() ? "" : ", ") + std::to_string(i);
    throw Error(
        Errc::invalid_argument, "tile",
        "index (" + words + ") is outside its shape " +
            detail::tuple_of({layout_.shape.begin(), layout_.shape.end()}),
        "indices of a tile begin at 0 in each tile; pass what other tiles hold as whole(...)");
  }

  detail::TileLayout<T, N> layout_;
  Strides backstrides_{};
  mutable std::optional<storage_type> storage_;
};

}  // namespace TESSERA_BOUNDS

}  // namespace tessera

// These four want to know in which order an expression's elements lie, and refuse one that has
// none. For a tile they are those of a copy. The calls find xtensor's own where a program has
// included its xsort.hpp.
namespace xt {

template <class T, std::size_t N, class... More>
auto sort(const tessera::TileView<T, N>& tile, More... more) {
  return sort(xtensor<std::remove_const_t<T>, N, layout_type::row_major>(tile), more...);
}
template <class T, std::size_t N, class... More>
auto argsort(const tessera::TileView<T, N>& tile, More... more) {
  return argsort(xtensor<std::remove_const_t<T>, N, layout_type::row_major>(tile), more...);
}
template <class T, std::size_t N, class Kth, class... More>
auto partition(const tessera::TileView<T, N>& tile, const Kth& kth, More... more) {
  return partition(xtensor<std::remove_const_t<T>, N, layout_type::row_major>(tile), kth, more...);
}
template <class T, std::size_t N, class Kth, class... More>
auto argpartition(const tessera::TileView<T, N>& tile, const Kth& kth, More... more) {
  return argpartition(xtensor<std::remove_const_t<T>, N, layout_type::row_major>(tile), kth,
                      more...);
}

}  // namespace xt
