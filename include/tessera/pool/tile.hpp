// Public: Tile. Floor 4, pool: number, place and box of the tile that a kernel computes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/philox.hpp>
#include <tessera/grid/box.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/arena.hpp>

namespace tessera {

namespace detail {

/// Whether a job should end early.
struct StopFlag {
  const std::atomic<std::uint64_t>* stopped_round;
  std::uint64_t round;
  bool requested() const noexcept {
    return stopped_round->load(std::memory_order_relaxed) == round;
  }
};

}  // namespace detail

/// The tile that a kernel computes. A kernel may take `const Tile<R>&` as its first parameter; R is
/// the rank of the tile shape. It is valid until the kernel returns.
///
///     pool.map({4, 4}, [](const Tile<2>& tile, auto v) { v = tile.number(); }, into(a));
template <std::size_t R>
class Tile {
 public:
  /// The library makes it, before it calls a kernel.
  Tile(const TileGrid<R>& grid, std::size_t number, const detail::StopFlag& stop)
      : number_(number), index_(grid.index(number)), box_(grid.box(number)), stop_(stop) {}

  /// Row-major number in the grid of tiles, from 0.
  std::size_t number() const noexcept { return number_; }
  /// Index in the grid of tiles.
  const std::array<std::size_t, R>& index() const noexcept { return index_; }
  /// The tile's elements along the tiled axes: from lo to hi, without hi.
  const Box<R>& box() const noexcept { return box_; }
  /// The tile's first index on a tiled axis.
  std::size_t lo(std::size_t axis) const noexcept { return box_.lo[axis]; }
  /// One past the tile's last index on a tiled axis.
  std::size_t hi(std::size_t axis) const noexcept { return box_.hi[axis]; }
  /// Random numbers for this tile. They depend on the seed and the tile's number only. It does not
  /// matter which worker computes the tile, when, and how often. xt::random's default engine is not
  /// suitable: it is global, forked workers have equal copies of it, and all draw the same numbers.
  Philox random(std::uint64_t seed) const noexcept { return Philox(seed, number_); }
  /// Memory for n elements, aligned to 64 bytes, without defined values; valid until the kernel
  /// returns. The worker keeps it for its next tile: after the first tile that needs so much,
  /// nothing is allocated. Each call gives other memory, which no other process sees. A kernel that
  /// starts threads calls it before they start. Throws std::bad_alloc; Error(invalid_argument) in
  /// another thread than the kernel's own.
  ///
  ///     auto row = tile.scratch<double>(in.shape(1));  // a std::span<double>
  template <class T>
  std::span<T> scratch(std::size_t n) const {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                  "tessera: scratch memory is for numbers and plain structs");
    static_assert(alignof(T) <= cache_line);
    if (!scratch_.is_of_this_thread())
      throw Error(Errc::invalid_argument, "Tile::scratch", "it is called in another thread",
                  "call it in the kernel's own thread, before that starts others");
    if (n > (std::numeric_limits<std::size_t>::max)() / sizeof(T)) throw std::bad_alloc();
    return {static_cast<T*>(host::Arena::of_thread().allocate(n * sizeof(T))), n};
  }
  /// True if the job should end early: it was cancelled, or another tile's kernel threw. A long
  /// kernel may then return; its tile counts as done.
  bool stop_requested() const noexcept { return stop_.requested(); }

 private:
  std::size_t number_;
  std::array<std::size_t, R> index_;
  Box<R> box_;
  detail::StopFlag stop_;
  host::Arena::Scope scratch_;
};

}  // namespace tessera
