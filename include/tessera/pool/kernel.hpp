// Floor 3, pool: concepts for kernels; how a kernel travels to a worker.
//
// A kernel is a trivially copyable callable. Its bytes travel as they are and its code as module +
// offset of a function that knows its type (serve.hpp). Captured addresses mean nothing in a
// worker: the bytes are searched for them before a job starts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/modules.hpp>
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

/// A kernel that is a pointer to a function, or the loop of transform with one: its first word.
template <class K>
inline constexpr bool is_function_pointer = [] {
  using F = std::decay_t<decltype(authored(std::declval<const K&>()))>;
  return std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;
}();

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
/// can't may refuse a small capture in front of a wider one). Where workers have modules at other
/// places than the caller, an address in one of them is no better.
template <class K>
void refuse_addresses(const K& kernel, bool modules_agree = true) {
  if constexpr (searched_bytes<K>() > 0 && std::is_trivially_copyable_v<K>) {
    alignas(K) std::array<std::byte, sizeof(K)> copy;
    std::memcpy(copy.data(), static_cast<const void*>(&kernel), sizeof kernel);
    TESSERA_CLEAR_PADDING(std::launder(reinterpret_cast<K*>(copy.data())));
    for (std::size_t at = 0; at < searched_bytes<K>(); at += sizeof(std::uintptr_t)) {
      std::uintptr_t word = 0;
      std::memcpy(&word, copy.data() + at, sizeof word);
      if (host::points_into_private_memory(word, modules_agree))
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

}  // namespace detail
}  // namespace tessera
