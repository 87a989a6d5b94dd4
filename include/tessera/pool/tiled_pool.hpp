// Public: TiledPool. Floor 4, pool.
//
// map cuts arguments into tiles and calls a kernel on each; transform applies a function to every
// element. Everything that can be checked is checked before a job starts: caller/typed_order.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/process.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/caller.hpp>
#include <tessera/pool/caller/typed_order.hpp>
#include <tessera/pool/job.hpp>
#include <tessera/pool/keeper/fork.hpp>
#include <tessera/pool/keeper/spawn.hpp>
#include <tessera/pool/keeper/thread.hpp>
#include <tessera/pool/options.hpp>
#include <tessera/pool/report.hpp>

namespace tessera {

namespace detail {

/// Throws Error(invalid_argument, pool_unusable, no_space).
template <class Process = host::ProcessHandle>
KeeperLink start_keeper(const std::shared_ptr<PoolMemory>& memory, const KeeperPlan& plan,
                        const PoolOptions& options) {
  if (options.start_method != StartMethod::spawn)
    return fork_keeper(memory->board, plan, options.start_method == StartMethod::fork_with_threads);
  if constexpr (host::can_fork)
    return spawn_keeper(*memory, plan);
  else
    return keep_in_thread<Process>(memory, plan);
}

/// The caller's side of a pool with that many workers, which have been started. Errors as with
/// TiledPool's constructor.
inline std::unique_ptr<Caller> start_pool(std::size_t workers, const PoolOptions& options) {
  if (workers == 0 || workers > max_workers)
    throw Error(Errc::invalid_argument, "TiledPool",
                workers == 0
                    ? "a pool of 0 workers computes nothing"
                    : "a negative number of workers, or more than " + std::to_string(max_workers),
                "ask for 1 to " + std::to_string(max_workers) + ", or use TiledPool::in_caller()");
  const std::size_t first = options.caller_computes ? 1 : 0;  // with a process of its own
  const bool has_processes = workers > first;
  const bool spawns = has_processes && options.start_method == StartMethod::spawn;
  auto memory = std::make_shared<PoolMemory>(workers, spawns);
  const Placement placement(workers, options);
  if (options.reap_orphans) remove_some_orphans();
  std::optional<KeeperLink> keeper;
  if (has_processes) {
    refuse_in_started_program();
    memory->board.commands().caller_pid = host::own_pid();
    keeper = start_keeper<>(memory, {first, placement.cores, placement.spins}, options);
  }
  return std::make_unique<Caller>(std::move(memory), std::move(keeper), placement.strategy,
                                  options);
}

}  // namespace detail

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
      : caller_(detail::start_pool(workers, options)) {}

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

  template <std::size_t R, class When, class K, class... Args>
  auto mapped(When when, const std::array<std::size_t, R>& tile, const JobOptions& options,
              K&& kernel, Args&... arguments) {
    static_assert(sizeof...(Args) > 0, "tessera: map needs at least one array to cut into tiles");
    const bool reruns = options.rerun == Rerun::allowed;
    return run(when, detail::make_order<R>(traits(), tile, options, reruns,
                                           std::decay_t<K>(std::forward<K>(kernel)), 0,
                                           detail::section_of<Use::read>(arguments)...));
  }

  template <class When, class Tile, class Out, class F, class... In>
  auto transformed(When when, const Tile& tile, Out& out, const JobOptions& options, F&& function,
                   In&... in) {
    return run(when, detail::make_transform(traits(), tile, detail::output_of(out), options,
                                            std::decay_t<F>(std::forward<F>(function)),
                                            detail::section_of<Use::read>(in)...));
  }

  detail::PoolTraits traits() const { return {caller().workers(), caller().spawns()}; }

  /// Runs a typed order now, or later.
  template <class When, class Result, std::size_t R>
  auto run(When, detail::TypedOrder<Result, R>&& typed) {
    constexpr bool later = std::is_same_v<When, Later>;
    auto& order = typed.order;
    if constexpr (std::is_void_v<Result>) {
      if constexpr (later)
        return started<void>(std::move(order));
      else
        caller().run(order, nullptr);
    } else {
      auto results = typed.empty_results();
      if constexpr (later) {
        return started<decltype(results)>(std::move(order), std::move(results));
      } else {
        caller().run(order, results.data());
        return results;
      }
    }
  }

  template <class Results, class... Values>
  Job<Results> started(detail::JobOrder&& order, Values&&... values) {
    auto state = std::make_shared<detail::AsyncJobOf<Results>>(std::move(order), caller().memory(),
                                                               std::forward<Values>(values)...);
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
