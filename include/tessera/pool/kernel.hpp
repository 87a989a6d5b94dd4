// Floor 4, pool: what the compiler checks of a kernel.
//
// A kernel is a trivially copyable callable. Workers get a copy of its bytes. They find its code by
// module and offset of a function that knows the kernel's type (worker/serve.hpp). An address of
// one process means nothing in another: board/address_scan.hpp.
//
// What a kernel may do to its process:
// - It may end it in any way. A worker ends, and no exit handler or destructor of the caller runs.
// - It may create arrays. Names that it leaves are removed when its worker ends.
// - It may change the floating-point environment. Each tile begins with the caller's.
// - It may change signal mask, current folder, umask and locale. No later job sees that, with one
//   exception: if a kernel does so for the first time after many jobs of some microseconds each,
//   jobs of the next half millisecond may see it.
// - Environment variables, signal handlers, limits and open files stay as the kernel leaves them.
//
// In the caller's process (caller_computes, in_caller()) nothing is undone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/address_types.hpp>
#include <tessera/base/allow_addresses.hpp>
#include <tessera/loops/tile_view.hpp>
#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/tile.hpp>

namespace tessera::detail {

template <class S>
using TileOf = TileView<typename S::element_type, S::rank>;

template <class K, std::size_t R, class... Sections>
struct KernelTraits {
  // Not std::is_invocable: the compiler would tell all of its parts where a kernel does not
  // compile.
  static constexpr bool plain =
      requires(K& kernel, TileOf<Sections>&... tiles) { kernel(tiles...); };
  // Not evaluated if `plain`: the body of a kernel with only auto parameters compiles with tiles
  // only, and would be an error with a Tile<R>.
  static constexpr bool with_tile = [] {
    if constexpr (plain)
      return false;
    else
      return requires(K& kernel, const Tile<R>& tile, TileOf<Sections>&... tiles) {
        kernel(tile, tiles...);
      };
  }();

  static auto result() {
    if constexpr (plain)
      return std::type_identity<
          std::decay_t<decltype(std::declval<K&>()(std::declval<TileOf<Sections>&>()...))>>{};
    else if constexpr (with_tile)
      return std::type_identity<std::decay_t<decltype(std::declval<K&>()(
          std::declval<const Tile<R>&>(), std::declval<TileOf<Sections>&>()...))>>{};
    else
      return std::type_identity<void>{};
  }
  using Result = typename decltype(result())::type;
};

/// The parameter types of a function or lambda, in order; empty for templates.
template <class F>
struct ParametersOf {
  using type = std::tuple<>;
};
template <class R, class... P>
struct ParametersOf<R (*)(P...)> {
  using type = std::tuple<std::type_identity<P>...>;
};
template <class K, class R, class... P>
struct ParametersOf<R (K::*)(P...)> : ParametersOf<R (*)(P...)> {};
template <class K, class R, class... P>
struct ParametersOf<R (K::*)(P...) const> : ParametersOf<R (*)(P...)> {};
template <class R, class... P>
struct ParametersOf<R (*)(P...) noexcept> : ParametersOf<R (*)(P...)> {};
template <class K, class R, class... P>
struct ParametersOf<R (K::*)(P...) noexcept> : ParametersOf<R (*)(P...)> {};
template <class K, class R, class... P>
struct ParametersOf<R (K::*)(P...) const noexcept> : ParametersOf<R (*)(P...)> {};

template <class K>
constexpr auto parameters_of() {
  if constexpr (requires { &K::operator(); })
    return typename ParametersOf<decltype(&K::operator())>::type{};
  else
    return typename ParametersOf<K>::type{};
}

/// True if the kernel's parameter for a written argument is a copy of the tile: its type is neither
/// the tile's nor a base of it.
template <class K, class... Sections>
constexpr bool writes_into_a_copy() {
  using Parameters = decltype(parameters_of<K>());
  constexpr auto count = std::tuple_size_v<Parameters>;
  if constexpr (count < sizeof...(Sections)) {
    return false;
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      constexpr auto first = count - sizeof...(Sections);  // after the const Tile<R>&
      return ((Sections::use == Use::write &&
               !std::is_base_of_v<
                   std::remove_cvref_t<typename std::tuple_element_t<first + I, Parameters>::type>,
                   TileOf<Sections>>) ||
              ...);
    }(std::index_sequence_for<Sections...>{});
  }
}

/// True for types that a kernel may return, besides void.
template <class Result>
inline constexpr bool travels_back =
    std::is_trivially_copyable_v<Result> && std::is_default_constructible_v<Result> &&
    sizeof(Result) <= 65536 && !made_of_addresses<Result> && !xt::is_xexpression<Result>::value;

template <class K, std::size_t R, class... Sections>
constexpr void check_kernel() {
  static_assert(std::is_trivially_copyable_v<K>,
                "tessera: a kernel travels to other processes as bytes, so its captures must be "
                "trivially copyable: "
                "no std::string, std::vector or other owner of memory (pass tables as "
                "whole(SharedArray::copy_of(...)))");
  static_assert(
      !std::is_member_pointer_v<K>,
      "tessera: a kernel is called as kernel(tiles...), which a pointer to a member is not: "
      "wrap it in a lambda");
  using Traits = KernelTraits<K, R, Sections...>;
  static_assert(Traits::plain || Traits::with_tile || std::is_member_pointer_v<K>,
                "tessera: the kernel can't be called with one tile for each argument (nor with a "
                "const Tile<R>& before "
                "them, R being the rank of the tile shape): check the number and the types of its "
                "parameters");
  static_assert(!writes_into_a_copy<K, Sections...>(),
                "tessera: this kernel takes a written argument as an array of its own, so what it "
                "writes is lost: take it as auto, or as TileView<T, N>");
  using Result = typename Traits::Result;
  if constexpr (!std::is_void_v<Result>) {
    static_assert(!made_of_addresses<Result>,
                  "tessera: a kernel's result is an address in the worker's memory (a pointer, "
                  "string_view, span, iterator or reference_wrapper), which means nothing to the "
                  "caller: return values");
    static_assert(!xt::is_xexpression<Result>::value,
                  "tessera: a kernel's result is a tile or another expression of xtensor, whose "
                  "elements are the worker's: return numbers or a struct of numbers, and write "
                  "arrays through into(array)");
    static_assert(
        travels_back<Result> || made_of_addresses<Result> || xt::is_xexpression<Result>::value,
        "tessera: a kernel's result travels as bytes: it must be trivially copyable and "
        "default-constructible, at most 64 KiB, or void");
  }
}

/// True if the kernel may be called once for several neighbouring tiles, as for one larger tile.
template <class K>
inline constexpr bool merges_tiles = requires { requires K::merges_tiles; };

/// The callable that the user wrote: the kernel itself, or the function that transform wraps.
template <class K>
const auto& authored(const K& kernel) {
  if constexpr (merges_tiles<K>)
    return kernel.function;
  else
    return kernel;
}

/// True if the user's callable is a pointer to a function. The pointer is then the first word of
/// the kernel's bytes.
template <class K>
inline constexpr bool is_function_pointer = [] {
  using F = std::decay_t<decltype(authored(std::declval<const K&>()))>;
  return std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;
}();

}  // namespace tessera::detail
