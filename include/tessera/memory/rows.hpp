// Floor 2, memory: the rows of tiles side by side, as spans.
//
// For kernels that are loops. Where a row of each tile begins is stepped, not computed anew, and
// rows that lie far apart are fetched ahead, as in row_loop.hpp: rows of a few elements would cost
// more to find than to compute.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/memory/row_loop.hpp>
#include <tessera/memory/tile_view.hpp>

namespace tessera {

/// What rows() gives: an input range of tuples of spans.
template <std::size_t N, class... T>
class Rows {
 public:
  class iterator {
   public:
    using value_type = std::tuple<std::span<T>...>;
    using difference_type = std::ptrdiff_t;

    TESSERA_INLINE value_type operator*() const {
      return std::apply(
          [&](const auto&... node) { return value_type{{node.at, rows_->length_}...}; }, at_);
    }
    TESSERA_INLINE iterator& operator++() {
      step_from<N - 1>();
      return *this;
    }
    void operator++(int) { ++*this; }
    TESSERA_INLINE bool operator==(std::default_sentinel_t) const { return left_ == 0; }

   private:
    friend class Rows;
    explicit iterator(const Rows& rows) : rows_(&rows), at_(rows.at_), left_(rows.count_) {
      fetch();
    }
    // Axis by axis from the innermost that is walked; the outermost never begins again.
    template <std::size_t Axis>
    TESSERA_INLINE void step_from() {
      if constexpr (Axis == N - 1) --left_;
      if constexpr (Axis > 0) {
        constexpr std::size_t axis = Axis - 1;
        move(axis, 1);
        if constexpr (axis > 0) {
          if (++index_[axis] == rows_->counts_[axis]) [[unlikely]] {
            move(axis, -static_cast<std::ptrdiff_t>(rows_->counts_[axis]));
            index_[axis] = 0;
            step_from<axis>();
            return;
          }
        }
        fetch();
      }
    }
    TESSERA_INLINE void move(std::size_t axis, std::ptrdiff_t n) {
      std::apply([&](auto&... node) { (node.step(axis, n), ...); }, at_);
    }
    TESSERA_INLINE void fetch() const {
      if constexpr (N >= 2)
        if (rows_->reads_ahead_)
          std::apply([&](const auto&... node) { (node.prefetch(rows_->ahead_), ...); }, at_);
    }

    const Rows* rows_;
    std::tuple<detail::Operand<T, N>...> at_;
    std::array<std::size_t, N> index_{};
    std::size_t left_;
  };

  explicit Rows(const TileView<T, N>&... tiles)
      : at_{detail::Operand<T, N>(tiles.operand())...} {
    const auto& first = std::get<0>(std::tie(tiles...));
    const auto check = [&](const auto& tile) {
      if (tile.shape() != first.shape())
        throw Error(Errc::shape_mismatch, "rows", "the tiles have different shapes",
                    "give rows() tiles of one shape");
      if (tile.shape()[N - 1] > 1 && tile.strides()[N - 1] != 1)
        throw Error(Errc::invalid_argument, "rows", "a tile's rows are not contiguous",
                    "index it as tile(i, j)");
    };
    (check(tiles), ...);
    counts_ = first.shape();
    length_ = std::exchange(counts_[N - 1], 1);
    count_ = 1;
    for (const auto extent : counts_) count_ *= extent;
    ahead_ = detail::look_ahead(counts_, static_cast<std::ptrdiff_t>(length_), std::get<0>(at_));
    reads_ahead_ = ahead_ != detail::Ahead{};
  }

  iterator begin() const { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }
  std::size_t size() const { return count_; }

 private:
  std::tuple<detail::Operand<T, N>...> at_;
  std::array<std::size_t, N> counts_{};
  std::size_t length_ = 0, count_ = 0;
  detail::Ahead ahead_{};
  bool reads_ahead_ = false;
};

/// The rows of tiles of one shape, side by side and in order:
/// `for (auto [out, a, b] : rows(v, t, r)) ...` gives a std::span of the last axis of each. Valid as
/// long as the tiles. Throws Error(shape_mismatch) for tiles of different shapes and
/// Error(invalid_argument) where a section's step leaves the elements of a row scattered.
template <std::size_t N, class... T>
  requires(N > 0 && sizeof...(T) > 0)
Rows<N, T...> rows(const TileView<T, N>&... tiles) {
  return Rows<N, T...>(tiles...);
}

}  // namespace tessera
