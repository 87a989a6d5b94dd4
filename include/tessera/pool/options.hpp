// Public: PoolOptions, JobOptions, StartMethod, OnThrow, Rerun. Floor 4, pool: options of pools and
// jobs.
//
// Every option has a default.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/process.hpp>

namespace tessera {

/// How the processes of a pool are started.
enum class StartMethod {
  /// Workers are copies of the caller at that moment, with all that it has loaded and set. The
  /// fastest start. Not on Windows. Throws Error(invalid_argument) if the caller has other threads:
  /// a copy would have their locks, and data that they were changing.
  fork,
  /// The pool starts the program's file again. main() must begin with run_as_worker:
  ///
  ///     if (auto code = tessera::run_as_worker(argc, argv)) return *code;
  ///     TiledPool pool(8, {.start_method = StartMethod::spawn});
  ///
  /// It takes as long as the program takes to start. Memory and threads of the caller do not
  /// matter. Kernels see globals as they are at the call of run_as_worker. Libraries that are
  /// loaded after it are unknown to workers.
  spawn,
  /// As fork, even if there are other threads. A lock that one of them holds at that moment stays
  /// locked in the workers for ever: your own locks, and the C library's lock for exit handlers,
  /// which a kernel needs to construct a static object with a destructor. The C library's memory,
  /// streams and loader are safe.
  fork_with_threads
};

namespace detail {

// The former names of two options. They work for one more release, with a compiler warning that
// gives the new name.
struct FormerTileDeadline {
  FormerTileDeadline() = default;
  template <class Rep, class Period>
  [[deprecated("JobOptions::tile_deadline is now JobOptions::tile_timeout")]] FormerTileDeadline(
      std::chrono::duration<Rep, Period> time)
      : given(time) {}
  std::optional<std::chrono::nanoseconds> given = std::nullopt;
};
struct FormerTries {
  FormerTries() = default;
  template <std::integral Number>
  [[deprecated("JobOptions::tries is now JobOptions::max_attempts")]] FormerTries(Number number)
      : given(static_cast<unsigned>(number)) {}
  std::optional<unsigned> given = std::nullopt;
};

inline std::atomic<StartMethod> usual_start_method{host::can_fork ? StartMethod::fork
                                                                  : StartMethod::spawn};
inline std::atomic<bool> usually_reaps{true};
}  // namespace detail

/// Sets the start method of later pools whose options give none. The default is fork, on Windows
/// spawn.
inline void set_start_method(StartMethod method) noexcept {
  detail::usual_start_method.store(method);
}

/// Sets whether later pools remove orphans when they start, if their options do not say. The
/// default is true; see PoolOptions::reap_orphans.
inline void set_reap_orphans(bool reaps) noexcept { detail::usually_reaps.store(reaps); }

/// How a pool works: `TiledPool pool(2, {.caller_computes = true})`.
struct PoolOptions {
  /// The thread that waits for a job is one of the workers. No core idles and short jobs end
  /// sooner, but a kernel that crashes ends the program. A pool with only this worker has no
  /// process and no keeper: if the program is killed, its names stay until the next pool starts and
  /// removes them.
  bool caller_computes = false;
  /// Each worker is pinned to a core of its own, if there are as many workers as cores that this
  /// process may use, and as long as no other process keeps that core busy. Otherwise no worker is
  /// pinned. Pinned workers stay in the caller's session, and short jobs end sooner. If one thread
  /// uses two such pools in turn, workers of the other pool spin on the same cores for about 50
  /// microseconds after each job: better set this to false for the second pool.
  bool pin = true;
  StartMethod start_method = detail::usual_start_method.load();
  /// The pool removes orphans of this user when it starts. An orphan is an array whose program
  /// ended without removing its name: the program was killed, and it had no keeper or the keeper
  /// was killed too. If there are more than 64 names, the search ends after two milliseconds.
  /// Folders that other machines share are not searched. Set it to false to look at what a dead
  /// program left.
  bool reap_orphans = detail::usually_reaps.load();
  /// Run jobs even if this process has changed its user or groups since the pool was made. Kernels
  /// run with the old ones. If false, such a job throws Error(pool_unusable).
  bool user_may_change = false;
};

/// What happens to the other tiles of a job when a kernel throws.
enum class OnThrow {
  stop,    ///< no further tile begins
  collect  ///< all other tiles are computed; the JobError lists every tile that threw
};

/// Whether a tile is computed again after a worker died in it. A tile that no worker had begun is
/// always computed.
enum class Rerun {
  where_safe,  ///< in transform, if its output shares no memory with an input
  allowed,     ///< in map too: the kernel gives the same whatever its output holds before
  never
};

/// How a job is run. All members have defaults.
///
///     pool.map({4, 4}, {.rerun = Rerun::allowed, .tile_timeout = 5s}, kernel, into(a));
struct JobOptions {
  Rerun rerun = Rerun::where_safe;
  OnThrow on_throw = OnThrow::stop;
  /// A worker whose tile takes longer is killed, and counts as a dead worker. 0: no limit. Tiles
  /// that the caller computes itself have no limit.
  std::chrono::nanoseconds tile_timeout{0};
  detail::FormerTileDeadline tile_deadline = {};
  /// Where tiles may be computed again: a tile in which this many workers died is given up. The
  /// whole job is given up, with a JobError that says so, if too many workers die in a row while no
  /// tile ends: more than workers of the pool + 16 + max_attempts.
  unsigned max_attempts = 3;
  detail::FormerTries tries = {};
  /// The numbers of the tiles to compute, such as a JobError's `unfinished`. A number that occurs
  /// twice counts once. An empty list computes nothing. Other tiles stay as they are, and their
  /// results are value-initialised.
  std::optional<std::vector<std::size_t>> only = std::nullopt;
};

namespace detail {

/// A type that is not JobOptions: a kernel, or the function of transform.
template <class T>
concept NoOptions = !std::same_as<std::remove_cvref_t<T>, JobOptions>;

/// The same options with values under former names moved to the new names. Throws
/// Error(invalid_argument) for values that make no sense.
inline JobOptions checked_options(JobOptions options) {
  if (options.tile_deadline.given) options.tile_timeout = *options.tile_deadline.given;
  if (options.tries.given) options.max_attempts = *options.tries.given;
  if (options.max_attempts == 0)
    throw Error(Errc::invalid_argument, "TiledPool", "JobOptions::max_attempts is 0",
                "1 computes no tile again that a dead worker had begun");
  if (options.tile_timeout.count() < 0)
    throw Error(Errc::invalid_argument, "TiledPool", "JobOptions::tile_timeout is negative",
                "give the longest time that a tile may take, or 0 for no limit");
  return options;
}

/// The numbers in `only`, each once, ascending. Throws Error(invalid_argument) for a number that is
/// not below `tiles`.
inline std::optional<std::vector<std::size_t>> chosen(std::optional<std::vector<std::size_t>> only,
                                                      std::size_t tiles) {
  if (!only) return only;
  std::sort(only->begin(), only->end());
  only->erase(std::unique(only->begin(), only->end()), only->end());
  if (!only->empty() && only->back() >= tiles)
    throw Error(
        Errc::invalid_argument, "TiledPool",
        "JobOptions::only asks for tile " + std::to_string(only->back()) + ", and the job has " +
            std::to_string(tiles) + " tiles",
        "tiles are numbered from 0, row-major; give the tile shape that the numbers are of");
  return only;
}

}  // namespace detail

}  // namespace tessera
