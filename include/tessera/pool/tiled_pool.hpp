// Public: TiledPool. Floor 4, pool: worker processes that compute arrays tile by tile.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/capabilities.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/typed_order.hpp>
#include <tessera/pool/job.hpp>
#include <tessera/pool/job_options.hpp>
#include <tessera/pool/pool_options.hpp>
#include <tessera/pool/report.hpp>

namespace tessera {

namespace detail {
class Caller;
/// Starts a pool and returns the caller's side of it. Errors as with TiledPool's constructor.
std::unique_ptr<Caller> start_pool(std::size_t workers, const PoolOptions& options);
}  // namespace detail

/// Worker processes that compute disjoint tiles of shared arrays.
///
///     TiledPool pool(10);  // ten workers: early in main(), before other threads and arrays
///     auto out = SharedArray<double, 2>::create("out", {360, 720});
///     pool.map({36, 72}, [](auto v) { v = 1; }, into(out));
///
/// Workers are forked by default, so make the pool before other threads (see StartMethod). Kernels
/// see globals as they were then, and run as the user and groups of that time (see
/// PoolOptions::user_may_change). Forked workers also keep arrays that were made before the pool in
/// memory until the pool ends.
///
/// Any thread may call any method. Jobs run one after the other, in the order of the calls. The
/// destructor cancels all jobs. It waits up to two seconds for running kernels, then it kills their
/// workers. If the program ends in any other way, the keeper ends the workers. What kernels may do:
/// kernel.hpp.
class TiledPool {
 public:
  /// Starts `workers` processes; by default one for each core that this process may use, up to the
  /// limit. Throws Error: invalid_argument for 0 or more than 1024 workers (Windows: 63, the most
  /// that one thread can wait for), and for a fork beside other threads; no_space; pool_unusable if
  /// main() does not call run_as_worker and StartMethod::spawn needs it.
  explicit TiledPool(std::size_t workers = (std::min)(host::usable_cores(), host::most_children),
                     const PoolOptions& options = {});
  TiledPool(TiledPool&&) noexcept;             ///< The other pool can't be used any more.
  TiledPool& operator=(TiledPool&&) noexcept;  ///< As the constructor; ends the pool that it held.
  ~TiledPool();                                ///< Cancels all jobs and ends the workers.

  /// A pool without processes, for debuggers and unit tests of kernels. All calls and checks are
  /// the same. Jobs run in the calling thread, asynchronous ones in another thread of this process.
  /// It has no keeper: the next start of a pool removes the names of a killed program.
  static TiledPool in_caller() { return TiledPool(1, {.caller_computes = true}); }

  /// Calls `kernel` once for each tile. Returns the results, if any, as a row-major xt::xtensor
  /// over the grid of tiles.
  ///
  ///     auto ones = pool.map({4, 4}, [](auto v, auto t) { v = t; return 1; }, into(a), b);
  ///
  /// `tile`: a tile's extents along the last R axes. `full` means the whole axis, and all axes
  /// before these are whole. Arguments are SharedArrays or xt::views of them. A bare one is
  /// read-only, into(a) is writable, whole(a) gives all of `a` to every tile, read-only. The kernel
  /// takes a TileView for each argument, or a const Tile<R>& and then these. Throws Error before
  /// anything runs (invalid_argument, invalid_shape, shape_mismatch, overlap, captured_address,
  /// no_space, pool_unusable), and JobError if a kernel threw or a worker died.
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map(const std::size_t (&tile)[R], K&& kernel, Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return map(std::to_array(tile), {}, std::forward<K>(kernel), std::forward<Args>(arguments)...);
  }
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map(const std::array<std::size_t, R>& tile, K&& kernel, Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return map(tile, {}, std::forward<K>(kernel), std::forward<Args>(arguments)...);
  }
  /// As above, with options: `pool.map({4, 4}, {.only = error.unfinished}, kernel, a)`.
  template <std::size_t R, class K, class... Args>
  auto map(const std::size_t (&tile)[R], const JobOptions& options, K&& kernel,
           Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return map(std::to_array(tile), options, std::forward<K>(kernel),
               std::forward<Args>(arguments)...);
  }
  template <std::size_t R, class K, class... Args>
  auto map(const std::array<std::size_t, R>& tile, const JobOptions& options, K&& kernel,
           Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return mapped<When::now, R>(tile, options, std::forward<K>(kernel), arguments...);
  }

  /// Starts the same job and returns at once. The Job waits for results, reports progress, cancels:
  ///
  ///     auto job = pool.map_async({4, 4}, kernel, into(a), b);
  ///     const auto results = job.get();
  ///
  /// Errors found by the checks are thrown here, all others by Job::get(). All jobs run in the
  /// order of the calls. The first asynchronous one starts a thread.
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map_async(const std::size_t (&tile)[R], K&& kernel, Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return map_async(std::to_array(tile), {}, std::forward<K>(kernel),
                     std::forward<Args>(arguments)...);
  }
  template <std::size_t R, detail::NoOptions K, class... Args>
  auto map_async(const std::array<std::size_t, R>& tile, K&& kernel, Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return map_async(tile, {}, std::forward<K>(kernel), std::forward<Args>(arguments)...);
  }
  template <std::size_t R, class K, class... Args>
  auto map_async(const std::size_t (&tile)[R], const JobOptions& options, K&& kernel,
                 Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return map_async(std::to_array(tile), options, std::forward<K>(kernel),
                     std::forward<Args>(arguments)...);
  }
  template <std::size_t R, class K, class... Args>
  auto map_async(const std::array<std::size_t, R>& tile, const JobOptions& options, K&& kernel,
                 Args&&... arguments) {
    static_assert(detail::check_map<R, K, Args...>());
    return mapped<When::later, R>(tile, options, std::forward<K>(kernel), arguments...);
  }

  /// Sets out[x] = function(in[x]...) for every element; the pool chooses the tiles. Inputs
  /// broadcast to `out` by trailing axes. `out` may be an input. The function may take the index of
  /// the element in `out` before the elements. Errors: see map.
  ///
  ///     pool.transform(vpd, std::plus<>{}, tmp, rad);
  ///     pool.transform(x, [](auto at) { return 0.5 * at[1]; });  // at: std::array<std::size_t, N>
  template <class Out, detail::NoOptions F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  void transform(Out&& out, F&& function, In&&... in) {
    transformed<When::now>(chosen_by_pool, out, {}, std::forward<F>(function), in...);
  }
  /// As above, with options. Tile numbers in a JobError mean the tiles that the pool chose: the
  /// same ones for the same output and number of workers.
  template <class Out, class F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  void transform(Out&& out, const JobOptions& options, F&& function, In&&... in) {
    transformed<When::now>(chosen_by_pool, out, options, std::forward<F>(function), in...);
  }
  /// As above, in tiles of this shape. Workers compute neighbouring tiles in one call. If `out`
  /// shares no memory with an input, they may compute all tiles slab by slab. Then parts of a tile
  /// may be done that a JobError lists as unfinished.
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  void transform(const std::size_t (&tile)[R], Out&& out, F&& function, In&&... in) {
    transformed<When::now>(std::to_array(tile), out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  void transform(const std::size_t (&tile)[R], Out&& out, const JobOptions& options, F&& function,
                 In&&... in) {
    transformed<When::now>(std::to_array(tile), out, options, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  void transform(const std::array<std::size_t, R>& tile, Out&& out, F&& function, In&&... in) {
    transformed<When::now>(tile, out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  void transform(const std::array<std::size_t, R>& tile, Out&& out, const JobOptions& options,
                 F&& function, In&&... in) {
    transformed<When::now>(tile, out, options, std::forward<F>(function), in...);
  }
  /// As transform, but returns at once, as map_async does.
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  Job<void> transform_async(const std::size_t (&tile)[R], Out&& out, F&& function, In&&... in) {
    return transformed<When::later>(std::to_array(tile), out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  Job<void> transform_async(const std::size_t (&tile)[R], Out&& out, const JobOptions& options,
                            F&& function, In&&... in) {
    return transformed<When::later>(std::to_array(tile), out, options, std::forward<F>(function),
                                    in...);
  }
  template <std::size_t R, class Out, detail::NoOptions F, class... In>
  Job<void> transform_async(const std::array<std::size_t, R>& tile, Out&& out, F&& function,
                            In&&... in) {
    return transformed<When::later>(tile, out, {}, std::forward<F>(function), in...);
  }
  template <std::size_t R, class Out, class F, class... In>
  Job<void> transform_async(const std::array<std::size_t, R>& tile, Out&& out,
                            const JobOptions& options, F&& function, In&&... in) {
    return transformed<When::later>(tile, out, options, std::forward<F>(function), in...);
  }
  template <class Out, detail::NoOptions F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  Job<void> transform_async(Out&& out, F&& function, In&&... in) {
    return transformed<When::later>(chosen_by_pool, out, {}, std::forward<F>(function), in...);
  }
  template <class Out, class F, class... In>
    requires(!detail::is_tile_shape<std::remove_cvref_t<Out>>)
  Job<void> transform_async(Out&& out, const JobOptions& options, F&& function, In&&... in) {
    return transformed<When::later>(chosen_by_pool, out, options, std::forward<F>(function), in...);
  }

  /// Number of workers, the caller included if it computes.
  std::size_t workers() const;
  /// Process ids of the workers; empty for in_caller().
  std::vector<int> worker_pids() const;
  /// Figures of the last job.
  Report report() const;

 private:
  enum class When { now, later };                    // the caller waits, or gets a Job
  static constexpr std::nullptr_t chosen_by_pool{};  // in place of a tile shape

  template <When when, std::size_t R, class K, class... Args>
  auto mapped(const std::array<std::size_t, R>& tile, const JobOptions& options, K&& kernel,
              Args&... arguments) {
    const bool reruns = options.rerun == Rerun::allowed;
    if constexpr (sizeof...(Args) > 0)
      return run<when>(detail::make_order<R>(traits(), tile, options, reruns,
                                             std::decay_t<K>(std::forward<K>(kernel)), 0,
                                             detail::section_of<Use::read>(arguments)...));
  }

  template <When when, class Tile, class Out, class F, class... In>
  auto transformed(const Tile& tile, Out& out, const JobOptions& options, F&& function, In&... in) {
    using Traits = detail::TransformTraits<decltype(detail::output_of(out)), std::decay_t<F>,
                                           decltype(detail::section_of<Use::read>(in))...>;
    static_assert(Traits::written, "tessera: transform's first argument is its output");
    static_assert(Traits::ranks, "tessera: an input of transform has more axes than its output");
    static_assert(Traits::travels,
                  "tessera: the function of transform travels to other processes as bytes, so its "
                  "captures must be trivially copyable: no std::string, std::vector or other owner "
                  "of memory");
    static_assert(
        Traits::plain || Traits::indexed,
        "tessera: transform's function can't be called with one element of each input "
        "(nor with a std::array<std::size_t, N> before them, N being the rank of the output)");
    return run<when>(detail::make_transform(traits(), tile, detail::output_of(out), options,
                                            std::decay_t<F>(std::forward<F>(function)),
                                            detail::section_of<Use::read>(in)...));
  }

  detail::PoolTraits traits() const;
  void run(const detail::JobOrder& order, void* results);
  std::shared_ptr<detail::PoolMemory> memory() const;
  void submit(const std::shared_ptr<detail::AsyncJob>& job);

  /// Runs a typed order now, or submits it.
  template <When when, class Result, std::size_t R>
  auto run(detail::TypedOrder<Result, R>&& typed) {
    auto& order = typed.order;
    if constexpr (std::is_void_v<Result>) {
      if constexpr (when == When::later)
        return started<void>(std::move(order));
      else
        run(order, nullptr);
    } else {
      auto results = typed.empty_results();
      if constexpr (when == When::later) {
        return started<decltype(results)>(std::move(order), std::move(results));
      } else {
        run(order, results.data());
        return results;
      }
    }
  }

  template <class Results, class... Values>
  Job<Results> started(detail::JobOrder&& order, Values&&... values) {
    auto state = std::make_shared<detail::AsyncJobOf<Results>>(std::move(order), memory(),
                                                               std::forward<Values>(values)...);
    submit(state);
    return Job<Results>(std::move(state));
  }

  detail::Caller& caller() const;

  std::unique_ptr<detail::Caller> caller_;
};

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/tiled_pool_impl.hpp>
#endif
