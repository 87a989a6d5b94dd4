// Floor 4, pool/caller: from a typed call of map or transform to a JobOrder. Here types end.
//
// Everything that can be checked is checked here, before a job starts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/grid/slab_layout.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/board/address_scan.hpp>
#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/job_options.hpp>
#include <tessera/pool/kernel.hpp>
#include <tessera/pool/worker/elementwise.hpp>
#include <tessera/pool/worker/serve.hpp>

namespace tessera::detail {

/// What stands where a tile shape may, in front of an output.
template <class T>
inline constexpr bool is_tile_shape = false;
template <std::size_t R>
inline constexpr bool is_tile_shape<std::array<std::size_t, R>> = true;

/// What an order depends on of its pool.
struct PoolTraits {
  std::size_t workers;
  bool spawns;  ///< workers have modules at other places than this process
};

/// An order, and what its results are: one of type Result (maybe void) for each of the tiles.
template <class Result, std::size_t R>
struct TypedOrder {
  JobOrder order;
  std::array<std::size_t, R> counts{};  ///< of tiles, on each axis

  /// Row-major as the tiles are numbered, whatever XTENSOR_DEFAULT_LAYOUT says. Those of tiles that
  /// are not wanted are value-initialised. Throws Error(no_space).
  auto empty_results() const {
    using Results = xt::xtensor<Result, R, xt::layout_type::row_major>;
    try {
      auto out = Results::from_shape(counts);
      if (order.only) std::fill(out.storage().begin(), out.storage().end(), Result{});
      return out;
    } catch (const std::bad_alloc&) {
      throw Error(Errc::no_space, "TiledPool", "no memory for the results of so many tiles",
                  "use larger tiles");
    }
  }
};

/// The first half of an order: options and arguments. Sets `extents` to those of the tiled axes.
/// Throws Error (invalid_argument, shape_mismatch).
void begin_order(JobOrder& order, const JobOptions& options, bool reruns,
                 std::span<const Argument> arguments, std::span<std::size_t> extents);

/// Throws Error(overlap) if two tiles could write one element.
void check_writes(const JobOrder& order, std::span<const std::size_t> extents,
                  std::span<const std::size_t> counts);

/// The second half: the kernel's bytes, the tiles, and which of them are wanted. Throws
/// Error(invalid_argument) for a tile that the job does not have.
void finish_order(JobOrder& order, std::span<const std::byte> kernel,
                  std::span<const std::size_t> extents, std::span<const std::size_t> tile,
                  std::size_t tiles, std::size_t user_tiles);

/// What workers need to call the kernel: its code. Throws Error(captured_address).
template <std::size_t R, class... Sections, class K>
void put_code(JobOrder& order, const K& wrapped, const PoolTraits& pool) {
  const auto& kernel = unwrapped(wrapped);
  using Kernel = std::decay_t<decltype(kernel)>;
  if constexpr (is_function_pointer<Kernel>)
    order.function = reinterpret_cast<const void*>(authored(kernel));
  else if constexpr (!addresses_allowed<K>)
    refuse_addresses(authored(kernel), !pool.spawns);
  order.serve = reinterpret_cast<const void*>(&serve<Kernel, R, Sections...>);
}

/// The order of one map. `user_tiles`: how many tiles the user knows, where each is computed in
/// slabs; 0: as many as there are. Throws Error (invalid_shape, shape_mismatch, overlap,
/// captured_address, invalid_argument).
template <std::size_t R, class K, class... Sections>
auto make_order(const PoolTraits& pool, const std::array<std::size_t, R>& tile,
                const JobOptions& options, bool reruns, const K& wrapped, std::size_t user_tiles,
                const Sections&... sections) {
  static_assert(R <= max_axes, "tessera: a tile shape has at most 16 axes");
  using Kernel = std::decay_t<decltype(unwrapped(wrapped))>;
  check_kernel<Kernel, R, Sections...>();
  using Result = typename KernelTraits<Kernel, R, Sections...>::Result;
  // What can't be a result is refused by check_kernel; this keeps to its one sentence.
  constexpr bool returns = [] {
    if constexpr (std::is_void_v<Result>)
      return false;
    else
      return travels_back<Result>;
  }();
  TypedOrder<std::conditional_t<returns, Result, void>, R> out;

  auto& order = out.order;
  const Argument arguments[] = {argument_of(sections)...};
  std::array<std::size_t, R> extents;
  begin_order(order, options, reruns, arguments, extents);
  const TileGrid<R> grid(extents, tile);
  out.counts = grid.counts();
  check_writes(order, extents, out.counts);
  put_code<R, Sections...>(order, wrapped, pool);
  if constexpr (merges_tiles<Kernel>) order.grain = grain_of(grid, pool.workers);
  if constexpr (returns) order.result_size = sizeof(Result);
  std::array<std::byte, sizeof(Kernel)> kernel{};
  if constexpr (!std::is_empty_v<Kernel>)
    std::memcpy(kernel.data(), static_cast<const void*>(&unwrapped(wrapped)), sizeof kernel);
  finish_order(order, kernel, extents, tile, grid.size(), user_tiles);
  return out;
}

/// Fails to compile if this can't be a map. In the public functions themselves, so that few lines
/// stand between the sentence and the user's own line.
template <std::size_t R, class K, class... Args>
constexpr bool check_map() {
  static_assert(sizeof...(Args) > 0, "tessera: map needs at least one array to cut into tiles");
  if constexpr (sizeof...(Args) > 0)
    check_kernel<Unwrapped<std::decay_t<K>>, R,
                 decltype(section_of<Use::read>(std::declval<Args&>()))...>();
  return true;
}

/// The output of transform as a section that is written, if it is not one of another use.
template <class Out>
auto output_of(Out& out) {
  if constexpr (is_section<std::decay_t<Out>>) {
    return out;
  } else {
    return into(out);
  }
}

template <class Section>
using ValueOfSection = std::remove_const_t<typename Section::element_type>;

/// True if transform's function takes the element's index before the elements. Not asked for if it
/// takes the elements only, since a generic lambda might not compile with another argument.
template <class F, std::size_t N, bool plain, class... Values>
inline constexpr bool takes_index = [] {
  if constexpr (plain || N == 0)
    return false;
  else
    return std::is_invocable_v<const F&, const std::array<std::size_t, N>&, const Values&...>;
}();

/// As make_transform, of what that has checked.
template <bool indexed, class Tile, class Out, class F, class... In>
auto make_valid_transform(const PoolTraits& pool, [[maybe_unused]] const Tile& tile, const Out& out,
                          const JobOptions& options, F function, const In&... in) {
  constexpr std::size_t N = Out::rank;
  (check_broadcasts(argument_of(in), argument_of(out)), ...);
  const bool disjoint = no_alias(out, in...);
  const bool safe = options.rerun == Rerun::where_safe && disjoint;
  const bool reruns = safe || options.rerun == Rerun::allowed;
  const auto kernel = elementwise<indexed>(std::move(function), streaming_pays_for(out, in...));
  if constexpr (!std::is_null_pointer_v<Tile>) {
    constexpr std::size_t R = std::tuple_size_v<Tile>;
    static_assert(R <= N, "tessera: a tile of transform has more axes than its output");
    std::array<std::size_t, R> tiled;
    std::copy_n(out.shape.end() - R, R, tiled.begin());
    // No slabs in place, where a tile that is done in part could not be computed again; nor where
    // every tile that throws is to be reported.
    const bool slabs = disjoint && options.on_throw == OnThrow::stop;
    return make_order<N>(pool, slabs ? with_slabs(tile, out.shape) : with_whole_axes<N>(tile),
                         options, reruns, kernel, TileGrid<R>(tiled, tile).size(), out, in...);
  } else if constexpr (N == 0) {
    return make_order<1>(pool, {full}, options, reruns, kernel, 0, out, in...);
  } else {
    return make_order<N>(pool, boxes_for(out.shape, pool.workers), options, reruns, kernel, 0, out,
                         in...);
  }
}

/// What transform may be called with. TiledPool says the sentences.
template <class Out, class F, class... In>
struct TransformTraits {
  static constexpr bool ranks = ((In::rank <= Out::rank) && ...);
  static constexpr bool written = Out::use == Use::write;
  static constexpr bool travels = std::is_trivially_copyable_v<Unwrapped<F>>;
  static constexpr bool plain =
      std::is_invocable_v<const Unwrapped<F>&, const ValueOfSection<In>&...>;
  static constexpr bool indexed =
      takes_index<Unwrapped<F>, Out::rank, plain, ValueOfSection<In>...>;
  static constexpr bool valid = ranks && written && travels && (plain || indexed);
};

/// The order of one transform. `tile` is a shape of the trailing axes, or nullptr: then the pool
/// chooses. Errors as with make_order. Not made, but compiled, of what is not valid.
template <class Tile, class Out, class F, class... In>
auto make_transform(const PoolTraits& pool, const Tile& tile, const Out& out,
                    const JobOptions& options, F function, const In&... in) {
  using Traits = TransformTraits<Out, F, In...>;
  if constexpr (Traits::valid)
    return make_valid_transform<Traits::indexed>(pool, tile, out, options, std::move(function),
                                                 in...);
  else
    return TypedOrder<void, 1>();
}

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/caller/typed_order_impl.hpp>
#endif
