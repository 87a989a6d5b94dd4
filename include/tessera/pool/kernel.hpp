// Floor 3, pool: concepts for kernels; how a kernel travels to a worker.
//
// A kernel is a trivially copyable callable. Its bytes travel as they are and its code as module +
// offset of a function that knows its type (serve). Captured addresses mean nothing in a worker:
// the bytes are searched for them before a job starts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/process.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/memory/tile_view.hpp>
#include <tessera/pool/job_board.hpp>

namespace tessera {

/// Which tile a kernel computes: pass `const Tile<R>&` as its first parameter.
template <std::size_t R>
class Tile {
 public:
  Tile(const TileGrid<R>& grid, std::size_t number, const detail::Turn& turn)
      : number_(number), index_(grid.index(number)), box_(grid.box(number)), turn_(&turn) {}

  std::size_t number() const noexcept { return number_; }  ///< row-major, from 0
  const std::array<std::size_t, R>& index() const noexcept {
    return index_;
  }                                                    ///< in the grid of tiles
  const Box<R>& box() const noexcept { return box_; }  ///< in the tiled axes
  std::size_t lo(std::size_t axis) const noexcept { return box_.lo[axis]; }
  std::size_t hi(std::size_t axis) const noexcept { return box_.hi[axis]; }
  /// True once the job is to end early: a long kernel may return.
  bool stop_requested() const noexcept { return turn_->round.stopped(); }

 private:
  std::size_t number_;
  std::array<std::size_t, R> index_;
  Box<R> box_;
  const detail::Turn* turn_;
};

/// A kernel whose bytes are not searched for captured addresses, at the caller's own risk.
template <class K>
struct AllowAddresses {
  K kernel;
};
/// For the rare kernel that holds a number which looks like an address of this process.
template <class K>
AllowAddresses<std::decay_t<K>> allow_addresses(K&& kernel) {
  return {std::forward<K>(kernel)};
}

namespace detail {

template <class K>
inline constexpr bool addresses_allowed = false;
template <class K>
inline constexpr bool addresses_allowed<AllowAddresses<K>> = true;

template <class K>
const auto& unwrapped(const K& kernel) {
  if constexpr (addresses_allowed<K>)
    return kernel.kernel;
  else
    return kernel;
}

template <class S>
using TileOf = TileView<typename S::element_type, S::rank>;

template <class K, std::size_t R, class... Sections>
struct KernelTraits {
  static constexpr bool plain = std::is_invocable_v<K&, TileOf<Sections>&...>;
  static constexpr bool with_tile =
      !plain && std::is_invocable_v<K&, const Tile<R>&, TileOf<Sections>&...>;

  static auto result() {
    if constexpr (plain)
      return std::type_identity<std::decay_t<std::invoke_result_t<K&, TileOf<Sections>&...>>>{};
    else if constexpr (with_tile)
      return std::type_identity<
          std::decay_t<std::invoke_result_t<K&, const Tile<R>&, TileOf<Sections>&...>>>{};
    else
      return std::type_identity<void>{};
  }
  using Result = typename decltype(result())::type;
};

/// The plain sentences that a kernel which can't be served meets at compile time.
template <class K>
constexpr void check_kernel_travels() {
  static_assert(std::is_trivially_copyable_v<K>,
                "tessera: a kernel travels to other processes as bytes, so its captures must be "
                "trivially copyable: "
                "no std::string, std::vector or other owner of memory (pass tables as "
                "whole(SharedArray::copy_of(...)))");
}

template <class K, std::size_t R, class... Sections>
constexpr void check_kernel() {
  check_kernel_travels<K>();
  using Traits = KernelTraits<K, R, Sections...>;
  static_assert(Traits::plain || Traits::with_tile,
                "tessera: the kernel can't be called with one tile for each argument (nor with a "
                "const Tile<R>& before "
                "them, R being the rank of the tile shape): check the number and the types of its "
                "parameters");
  using Result = typename Traits::Result;
  if constexpr (!std::is_void_v<Result>)
    static_assert(std::is_trivially_copyable_v<Result> && sizeof(Result) <= 65536,
                  "tessera: a kernel's result travels as bytes: it must be trivially copyable and "
                  "at most 64 KiB, or void");
}

/// True of kernels to which neighbouring tiles are one larger tile.
template <class K>
inline constexpr bool merges_tiles = requires { requires K::merges_tiles; };

/// The part of a kernel that a user wrote: in the loop of transform, its function.
template <class K>
const auto& authored(const K& kernel) {
  if constexpr (merges_tiles<K>)
    return kernel.function;
  else
    return kernel;
}

/// Bytes of a K up to its last whole word that can hold a capture: what a member of a derived class
/// could reuse is padding, which may hold a stale pointer.
template <class K>
constexpr std::size_t searched_bytes() {
  constexpr std::size_t word = sizeof(std::uintptr_t);
  if constexpr (std::is_empty_v<K>) {
    return 0;
  } else if constexpr (std::is_class_v<K>) {
    struct Followed {
      [[no_unique_address]] K kernel;
      std::byte next;
    };
    if constexpr (sizeof(Followed) == sizeof(K)) return (sizeof(K) - 1) / word * word;
  }
  return sizeof(K) / word * word;
}

/// Throws Error(captured_address) if a word of a kernel is an address in this process's private
/// memory. Padding within it is no word of it where the compiler can tell (g++ can; clang that
/// can't may refuse a small capture in front of a wider one).
template <class K>
void refuse_addresses(const K& kernel) {
  if constexpr (searched_bytes<K>() > 0 && std::is_trivially_copyable_v<K>) {
    alignas(K) std::array<std::byte, sizeof(K)> copy;
    std::memcpy(copy.data(), static_cast<const void*>(&kernel), sizeof kernel);
    TESSERA_CLEAR_PADDING(std::launder(reinterpret_cast<K*>(copy.data())));
    for (std::size_t at = 0; at < searched_bytes<K>(); at += sizeof(std::uintptr_t)) {
      std::uintptr_t word = 0;
      std::memcpy(&word, copy.data() + at, sizeof word);
      if (host::points_into_private_memory(word))
        throw Error(Errc::captured_address, "kernel",
                    "it holds an address of this process's memory (a captured reference, pointer, "
                    "this, span or "
                    "string_view, at byte " +
                        std::to_string(at) + "), which means nothing in a worker",
                    "capture by value; pass arrays as arguments, tables as whole(...); or "
                    "allow_addresses(kernel) if "
                    "the value is no address");
    }
  }
}

/// An argument as a worker has it, decoded once for each job.
template <class S>
struct BoundArgument {
  using T = typename S::element_type;
  static constexpr std::size_t N = S::rank;

  T* data;
  std::array<std::size_t, N> shape;
  std::array<std::ptrdiff_t, N> strides;

  BoundArgument(const JobMemory& memory, std::size_t number, std::byte* at)
      : data(reinterpret_cast<T*>(at)) {
    const auto& record = memory.arguments()[number];
    std::copy_n(memory.shape(record), N, shape.begin());
    std::copy_n(memory.strides(record), N, strides.begin());
  }

  /// The part in a box of the tiled axes: trailing axes line up, other axes are whole.
  template <std::size_t R>
  TileView<T, N> tile(const Box<R>& box, const std::array<std::size_t, R>& grid) const {
    if constexpr (S::use == Use::whole) return {data, shape, strides};
    T* at = data;
    auto extents = shape;
    for (std::size_t k = 0; k < std::min(N, R); ++k) {
      const std::size_t d = N - 1 - k, g = R - 1 - k;
      if (shape[d] != grid[g]) continue;  // an extent of 1, broadcast
      at += static_cast<std::ptrdiff_t>(box.lo[g]) * strides[d];
      extents[d] = box.extent(g);
    }
    return {at, extents, strides};
  }
};

/// How many neighbouring tiles such kernels should be dealt together: enough for rows of some
/// length, which are what makes them fast, though each worker must get some to itself.
template <std::size_t R>
std::size_t grain_of(const TileGrid<R>& grid, std::size_t workers) {
  constexpr std::size_t row = 128;  // elements
  const auto in_a_row = std::min(grid.counts()[R - 1],
                                 (row + grid.tile_shape()[R - 1] - 1) / grid.tile_shape()[R - 1]);
  return std::max<std::size_t>(1, std::min(in_a_row, grid.size() / (2 * workers)));
}

/// Elements that a kernel that merges tiles is given at once, about: enough for long rows and few
/// claims, few enough to be dealt out evenly.
inline constexpr std::size_t merged_elements = 65536;

/// What a worker does for one job, with all types known.
template <class K, std::size_t R, class... Sections>
void serve(Turn& turn) {
  using Traits = KernelTraits<K, R, Sections...>;
  using Result = typename Traits::Result;
  const auto& head = turn.memory.head();
  alignas(K) std::array<std::byte, sizeof(K)> bytes;
  std::memcpy(bytes.data(), turn.memory.kernel(), sizeof(K));
  const auto arguments = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<BoundArgument<Sections>...>{{turn.memory, I, turn.data[I]}...};
  }(std::index_sequence_for<Sections...>{});
  std::array<std::size_t, R> grid_shape, tile_shape;
  std::copy_n(turn.memory.grid(), R, grid_shape.begin());
  std::copy_n(turn.memory.tile(), R, tile_shape.begin());
  const TileGrid<R> grid(grid_shape, tile_shape);

  // A fresh copy for each tile: what a mutable kernel leaves behind must not depend on the
  // schedule.
  const auto call = [&](const Box<R>& box, std::size_t number) -> decltype(auto) {
    alignas(K) auto fresh = bytes;
    K& kernel = *std::launder(reinterpret_cast<K*>(fresh.data()));
    return std::apply(
        [&](const auto&... argument) -> decltype(auto) {
          std::tuple<TileOf<Sections>...> tiles{argument.template tile<R>(box, grid_shape)...};
          return std::apply(
              [&](auto&... tile) -> Result {
                if constexpr (Traits::plain)
                  return kernel(tile...);
                else
                  return kernel(Tile<R>(grid, number, turn), tile...);
              },
              tiles);
        },
        arguments);
  };

  // Tiles [first, last): one, or neighbours as few wide boxes.
  const auto attempt = [&](std::size_t first, std::size_t last) {
    try {
      if constexpr (merges_tiles<K>) {
        grid.merged(first, last, [&](const Box<R>& box) { call(box, first); });
      } else if constexpr (std::is_void_v<Result>) {
        call(grid.box(first), first);
      } else {
        const Result result = call(grid.box(first), first);
        std::memcpy(turn.memory.results() + first * sizeof(Result),
                    static_cast<const void*>(&result), sizeof result);
      }
      return TileState::done;
    } catch (const std::exception& thrown) {
      turn.threw(first, thrown.what());
    } catch (...) {
      turn.threw(first, "something that is no std::exception");
    }
    return TileState::failed;
  };

  std::size_t most = 1;                                       // tiles at once
  const bool merges = merges_tiles<K> && head.collects == 0;  // else each tile that throws is told
  if (merges) {
    std::size_t elements = 1;
    for (const auto extent : std::get<0>(arguments).shape) elements *= extent;
    most = std::max<std::size_t>(
        1, merged_elements * grid.size() / std::max<std::size_t>(1, elements));
  }
  auto& round = turn.round;
  while (!round.stopped()) {
    const auto claim = round.claim(turn.self, most);
    if (!claim) return;
    for (std::size_t first = claim->first; first < claim->last && !round.stopped();) {
      std::size_t last = first + 1;
      if (round.begin(first)) {
        while (merges && last < claim->last && round.begin(last)) ++last;
        const auto state = attempt(first, last);
        // What kernels print for their authors is there when their tile is done.
        if (!turn.in_caller) host::print_buffered_output();
        for (std::size_t k = first; k < last; ++k) round.end(turn.self, k, state);
      }
      first = last;
    }
  }
}

}  // namespace detail
}  // namespace tessera
