// Floor 4, pool: TiledPool, the front door.
//
// map cuts arguments into tiles and calls a kernel on each; transform applies a function to every
// element. Everything that can be checked is checked here, before a job is armed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/board/addresses.hpp>
#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/caller.hpp>
#include <tessera/pool/job.hpp>
#include <tessera/pool/kernel.hpp>
#include <tessera/pool/worker/elementwise.hpp>
#include <tessera/pool/worker/serve.hpp>

namespace tessera {

/// Worker processes that compute disjoint tiles of shared arrays. Make it early: before other
/// threads, since workers are forked; globals are seen as they were then (see StartMethod for
/// another way). Its methods may be called from any thread; jobs run one after the other, as they
/// came. Workers keep the user and the groups that the process has then: a daemon that gives up its
/// rights does so before it makes the pool (else jobs are an Error; see
/// PoolOptions::user_may_change). An array made before the pool stays in memory until the pool
/// ends, since forked workers inherit it: make the pool first. It ends its workers when it ends,
/// and when the process ends in any other way its keeper does. Its end cancels what it still has to
/// run, and waits for kernels in the middle of a tile, though not for ever: it ends their processes
/// after two seconds.
///
/// A kernel is a guest of its worker. It may end that by any way: nothing that the caller has
/// registered for its own end is run there. Arrays that it creates and leaves go with the worker.
/// Each tile is computed with the floating-point environment that the caller has at its call. Of a
/// kernel that changes signal mask, current folder, umask or locale no later job sees anything; but
/// one that begins to do so after many jobs that took microseconds may be seen by jobs of the next
/// half millisecond. None of this is undone in the caller's own share (caller_computes,
/// in_caller()), where the process is the caller's; and nothing else is: environment variables,
/// signal handlers, limits, open files stay as a kernel leaves them.
class TiledPool {
 public:
  /// Starts `workers` processes (default: the cores this process may use). Throws
  /// Error(invalid_argument) for 0 or more than 1024 (Windows: 63, which is what one thread can
  /// wait for, and the most by default), and for a fork among other threads; Error(no_space) where
  /// there is no memory; Error(pool_unusable) where main() lacks what StartMethod::spawn needs.
  explicit TiledPool(std::size_t workers = (std::min)(host::usable_cores(), detail::max_workers),
                     PoolOptions options = {})
      : caller_(checked(workers, options)) {}

  /// A pool without processes: the same calls and checks, run in the caller (asynchronous jobs on a
  /// thread of it), for debuggers and unit tests of kernels. It has no keeper: where the program is
  /// killed, the names that it owns stay until somebody reaps them (the next start of a pool does).
  static TiledPool in_caller() { return TiledPool(1, {.caller_computes = true}); }

  /// Calls `kernel` once for each tile and gives its results as an array over the grid of tiles, a
  /// row-major xt::xtensor (nothing if it returns void). `tile` has the tile's extents along the
  /// trailing R axes; every other axis is whole, and so is one of extent `full`. Arguments are
  /// SharedArrays or xt::views of them: bare ones are read, into(a) is written, whole(a) is read in
  /// full by every tile. The kernel takes a TileView for each, or a const Tile<R>& before them.
  /// Throws Error before anything runs (invalid_shape, shape_mismatch, overlap, captured_address,
  /// no_space), and JobError where a kernel threw or a worker died: other tiles are done then.
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map(const std::size_t (&tile)[R], K&& kernel, Args&&... arguments) {
    return map(std::to_array(tile), {}, std::forward<K>(kernel), std::forward<Args>(arguments)...);
  }
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map(const std::array<std::size_t, R>& tile, K&& kernel, Args&&... arguments) {
    return map(tile, {}, std::forward<K>(kernel), std::forward<Args>(arguments)...);
  }
  /// The same with options, as in `pool.map({4, 4}, {.only = error.unfinished}, kernel, a)`.
  template <std::size_t R, class K, class... Args>
  auto map(const std::size_t (&tile)[R], const JobOptions& options, K&& kernel,
           Args&&... arguments) {
    return map(std::to_array(tile), options, std::forward<K>(kernel),
               std::forward<Args>(arguments)...);
  }
  template <std::size_t R, class K, class... Args>
  auto map(const std::array<std::size_t, R>& tile, const JobOptions& options, K&& kernel,
           Args&&... arguments) {
    return mapped<R>(Now{}, tile, options, std::forward<K>(kernel), arguments...);
  }

  /// Has the same done while the caller goes on: the Job that it gives waits for the results, tells
  /// the progress, cancels. What can be checked is checked before this returns; Job::get() throws
  /// the rest. A pool runs its jobs, these and those of map, in the order of the calls; its first
  /// asynchronous one starts a thread.
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map_async(const std::size_t (&tile)[R], K&& kernel, Args&&... arguments) {
    return map_async(std::to_array(tile), {}, std::forward<K>(kernel),
                     std::forward<Args>(arguments)...);
  }
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map_async(const std::array<std::size_t, R>& tile, K&& kernel, Args&&... arguments) {
    return map_async(tile, {}, std::forward<K>(kernel), std::forward<Args>(arguments)...);
  }
  template <std::size_t R, class K, class... Args>
  auto map_async(const std::size_t (&tile)[R], const JobOptions& options, K&& kernel,
                 Args&&... arguments) {
    return map_async(std::to_array(tile), options, std::forward<K>(kernel),
                     std::forward<Args>(arguments)...);
  }
  template <std::size_t R, class K, class... Args>
  auto map_async(const std::array<std::size_t, R>& tile, const JobOptions& options, K&& kernel,
                 Args&&... arguments) {
    return mapped<R>(Later{}, tile, options, std::forward<K>(kernel), arguments...);
  }

  /// out[x] = function(in[x]...) for every element; the pool chooses the boxes. Inputs broadcast to
  /// the output's shape by their trailing axes. `out` may be one of the inputs. Errors as with map.
  template <class Out, detail::NoOptions F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  void transform(Out&& out, F&& function, In&&... in) {
    transformed(Now{}, chosen_by_pool, out, {}, std::forward<F>(function), in...);
  }
  /// The same with options. Its tiles are the boxes that the pool chooses: the numbers that a
  /// JobError tells mean the same boxes again for the same output and number of workers.
  template <class Out, class F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  void transform(Out&& out, const JobOptions& options, F&& function, In&&... in) {
    transformed(Now{}, chosen_by_pool, out, options, std::forward<F>(function), in...);
  }
  /// The same in tiles of that shape, as map has them; workers take neighbours as one wide box. If
  /// `out` shares no memory with an input they go through all tiles slab by slab: of a tile that a
  /// JobError calls unfinished, parts may be done.
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  void transform(const std::size_t (&tile)[R], Out&& out, F&& function, In&&... in) {
    transformed(Now{}, std::to_array(tile), out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  void transform(const std::size_t (&tile)[R], Out&& out, const JobOptions& options, F&& function,
                 In&&... in) {
    transformed(Now{}, std::to_array(tile), out, options, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  void transform(const std::array<std::size_t, R>& tile, Out&& out, F&& function, In&&... in) {
    transformed(Now{}, tile, out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  void transform(const std::array<std::size_t, R>& tile, Out&& out, const JobOptions& options,
                 F&& function, In&&... in) {
    transformed(Now{}, tile, out, options, std::forward<F>(function), in...);
  }
  /// The same while the caller goes on, as with map_async.
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  Job<void> transform_async(const std::size_t (&tile)[R], Out&& out, F&& function, In&&... in) {
    return transformed(Later{}, std::to_array(tile), out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  Job<void> transform_async(const std::size_t (&tile)[R], Out&& out, const JobOptions& options,
                            F&& function, In&&... in) {
    return transformed(Later{}, std::to_array(tile), out, options, std::forward<F>(function),
                       in...);
  }
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  Job<void> transform_async(const std::array<std::size_t, R>& tile, Out&& out, F&& function,
                            In&&... in) {
    return transformed(Later{}, tile, out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  Job<void> transform_async(const std::array<std::size_t, R>& tile, Out&& out,
                            const JobOptions& options, F&& function, In&&... in) {
    return transformed(Later{}, tile, out, options, std::forward<F>(function), in...);
  }
  template <class Out, detail::NoOptions F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  Job<void> transform_async(Out&& out, F&& function, In&&... in) {
    return transformed(Later{}, chosen_by_pool, out, {}, std::forward<F>(function), in...);
  }
  template <class Out, class F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  Job<void> transform_async(Out&& out, const JobOptions& options, F&& function, In&&... in) {
    return transformed(Later{}, chosen_by_pool, out, options, std::forward<F>(function), in...);
  }

  std::size_t workers() const { return caller().workers(); }
  /// Process numbers of the workers; empty for in_caller().
  std::vector<int> worker_pids() const { return caller().worker_pids(); }
  /// How the last job went.
  Report report() const { return caller().report(); }

 private:
  struct Now {};                                     // the caller waits
  struct Later {};                                   // it gets a Job
  static constexpr std::nullptr_t chosen_by_pool{};  // in place of a tile shape
  static constexpr std::size_t one_tile_each = 0;    // in place of a number of tiles to tell of

  template <std::size_t R, class When, class K, class... Args>
  auto mapped(When when, const std::array<std::size_t, R>& tile, const JobOptions& options,
              K&& kernel, Args&... arguments) {
    static_assert(sizeof...(Args) > 0, "tessera: map needs at least one array to cut into tiles");
    return run<R>(when, tile, options, options.rerun == Rerun::allowed,
                  std::decay_t<K>(std::forward<K>(kernel)), one_tile_each,
                  detail::section_of<Use::read>(arguments)...);
  }

  template <class When, class Tile, class Out, class F, class... In>
  auto transformed(When when, const Tile& tile, Out& out, const JobOptions& options, F&& function,
                   In&... in) {
    const auto target = output(out);
    using Target = std::decay_t<decltype(target)>;
    constexpr std::size_t N = Target::rank;
    using Function = std::decay_t<F>;
    const auto apply = [&](const auto&... section) {
      static_assert(((std::decay_t<decltype(section)>::rank <= N) && ...),
                    "tessera: an input of transform has more axes than its output");
      static_assert(std::is_invocable_v<const decltype(inner<Function>())&,
                                        const value_of<decltype(section)>&...>,
                    "tessera: transform's function can't be called with one element of each input");
      (detail::check_broadcasts(section, target), ...);
      const bool apart = detail::apart(target, section...);
      const bool safe = options.rerun == Rerun::where_safe && apart;
      const bool reruns = safe || options.rerun == Rerun::allowed;
      auto kernel = detail::elementwise(Function(std::forward<F>(function)),
                                        detail::streams(target, section...));
      if constexpr (!std::is_null_pointer_v<Tile>) {
        constexpr std::size_t R = std::tuple_size_v<Tile>;
        static_assert(R <= N, "tessera: a tile of transform has more axes than its output");
        std::array<std::size_t, R> tiled;
        std::copy_n(target.shape.end() - R, R, tiled.begin());
        const auto tiles = TileGrid<R>(tiled, tile).size();
        // Not in place, where a tile that is part done could not be computed again, nor where every
        // tile that throws is to be told.
        const bool cut = apart && options.on_throw == OnThrow::stop;
        const auto boxes =
            cut ? detail::with_cut_axes(tile, target.shape) : detail::with_whole_axes<N>(tile);
        return run<N>(when, boxes, options, reruns, std::move(kernel), tiles, target, section...);
      } else if constexpr (N == 0)
        return run<1>(when, {full}, options, reruns, std::move(kernel), one_tile_each, target,
                      section...);
      else
        return run<N>(when, detail::boxes_for(target.shape, workers()), options, reruns,
                      std::move(kernel), one_tile_each, target, section...);
    };
    return apply(detail::section_of<Use::read>(in)...);
  }

  static std::unique_ptr<detail::Caller> checked(std::size_t workers, const PoolOptions& options) {
    if (workers == 0 || workers > detail::max_workers)
      throw Error(Errc::invalid_argument, "TiledPool",
                  workers == 0 ? "a pool of 0 workers computes nothing"
                               : "a negative number of workers, or more than " +
                                     std::to_string(detail::max_workers),
                  "ask for 1 to " + std::to_string(detail::max_workers) +
                      ", or use TiledPool::in_caller()");
    return std::make_unique<detail::Caller>(workers, options);
  }

  template <class Out>
  static auto output(Out& out) {
    if constexpr (detail::is_section<std::decay_t<Out>>) {
      static_assert(std::decay_t<Out>::use == Use::write,
                    "tessera: transform's first argument is its output");
      return out;
    } else {
      return into(out);
    }
  }

  template <class F>
  static auto inner() -> std::decay_t<decltype(detail::unwrapped(std::declval<const F&>()))>;
  template <class S>
  using value_of = std::remove_const_t<typename std::decay_t<S>::element_type>;

  // Row-major as the tiles are numbered, whatever XTENSOR_DEFAULT_LAYOUT says.
  template <class Result, std::size_t R>
  using Results = xt::xtensor<Result, R, xt::layout_type::row_major>;

  template <class Result, std::size_t R>
  static Results<Result, R> empty_results(const std::array<std::size_t, R>& counts) {
    try {
      return Results<Result, R>::from_shape(counts);
    } catch (const std::bad_alloc&) {
      throw Error(Errc::no_space, "TiledPool", "no memory for the results of so many tiles",
                  "use larger tiles");
    }
  }

  template <std::size_t R, class When, class K, class... Sections>
  auto run(When, const std::array<std::size_t, R>& tile, const JobOptions& options, bool reruns,
           K wrapped, std::size_t told_tiles, const Sections&... sections) {
    static_assert(R <= detail::max_axes, "tessera: a tile shape has at most 16 axes");
    detail::check_options(options);
    const auto& kernel = detail::unwrapped(wrapped);
    using Kernel = std::decay_t<decltype(kernel)>;
    detail::check_kernel<Kernel, R, Sections...>();
    using Result = typename detail::KernelTraits<Kernel, R, Sections...>::Result;

    std::array<detail::Argument, sizeof...(Sections)> arguments{detail::argument_of(sections)...};
    const auto extents = detail::line_up<R>(arguments);
    const TileGrid<R> grid(extents, tile);
    for (std::size_t i = 0; i < arguments.size(); ++i)
      detail::check_disjoint<R>(arguments[i], i, extents, grid.counts());
    detail::check_overlaps(arguments);

    detail::JobOrder order;
    order.arguments.reserve(arguments.size());
    for (auto& argument : arguments) order.arguments.push_back(std::move(argument.order));
    if constexpr (detail::is_function_pointer<Kernel>)
      order.function = reinterpret_cast<const void*>(detail::authored(kernel));
    else if constexpr (!detail::addresses_allowed<K>)
      detail::refuse_addresses(detail::authored(kernel), !caller().spawns());
    order.kernel.resize(sizeof kernel);
    if constexpr (!std::is_empty_v<Kernel>)
      std::memcpy(order.kernel.data(), static_cast<const void*>(&kernel), sizeof kernel);
    order.serve = reinterpret_cast<const void*>(&detail::serve<Kernel, R, Sections...>);
    order.tiles = grid.size();
    if (told_tiles != one_tile_each)
      order.parts = std::max<std::size_t>(1, order.tiles / told_tiles);
    if constexpr (detail::merges_tiles<Kernel>) order.grain = detail::grain_of(grid, workers());
    order.axes = R;
    std::copy(extents.begin(), extents.end(), order.grid.begin());
    std::copy(tile.begin(), tile.end(), order.tile.begin());
    order.collect = options.on_throw == OnThrow::collect;
    order.reruns = reruns;
    order.tries = options.tries;
    order.tile_deadline = static_cast<std::uint64_t>(options.tile_deadline.count());
    if (auto only = detail::chosen(options.only, order.told_tiles()))
      order.choose(*std::move(only));
    constexpr bool later = std::is_same_v<When, Later>;
    if constexpr (std::is_void_v<Result>) {
      if constexpr (later)
        return started<void>(std::move(order));
      else
        caller().run(order, nullptr);
    } else if constexpr (detail::travels_back<Result>) {  // what does not, check_kernel refuses
      order.result_size = sizeof(Result);
      auto results = empty_results<Result>(grid.counts());
      if (order.only) std::fill(results.storage().begin(), results.storage().end(), Result{});
      if constexpr (later) {
        return started<Results<Result, R>>(std::move(order), std::move(results));
      } else {
        caller().run(order, results.data());
        return results;
      }
    }
  }

  template <class Results, class... Values>
  Job<Results> started(detail::JobOrder&& order, Values&&... values) {
    auto state = std::make_shared<detail::AsyncJobOf<Results>>(
        std::move(order), caller().premises(), std::forward<Values>(values)...);
    caller().submit(state);
    return Job<Results>(std::move(state));
  }

  detail::Caller& caller() const {
    if (!caller_)
      throw Error(Errc::pool_unusable, "TiledPool", "it was moved from", "use the pool it went to");
    return *caller_;
  }

  std::unique_ptr<detail::Caller> caller_;
};

}  // namespace tessera
