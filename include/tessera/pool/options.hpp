// Public: PoolOptions, JobOptions, StartMethod, OnThrow, Rerun. Floor 4, pool: how a pool and a job
// are run.
//
// Every option has a default that leaves all as it is without options.
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

/// How a pool's processes come into being.
enum class StartMethod {
  /// Not on Windows. As copies of the caller as it is then: at once, and with all that it has
  /// loaded and set. An
  /// Error where the caller has other threads, which a copy would find in the middle of anything.
  fork,
  /// By starting the program again: main() must begin with run_as_worker. It takes as long as the
  /// program takes to start, however much memory and however many threads the caller has. Kernels
  /// find globals as they are at that call, libraries that are loaded later are unknown to workers.
  spawn,
  /// By fork whatever threads there are. What they hold at that moment is held for ever in the
  /// workers: locks of yours, and the C library's own for exit handlers, which a kernel asks for
  /// where it makes a static object with a destructor. Its memory, streams and loader are safe.
  fork_with_threads
};

namespace detail {

// The former names of two options. They work for one release more, and the compiler says what to
// write.
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

/// How pools of this program that say nothing of it are started from now on; else by fork, or by
/// spawn on Windows.
inline void set_start_method(StartMethod method) noexcept {
  detail::usual_start_method.store(method);
}

/// Whether pools of this program that say nothing of it remove orphans as they start, from now on;
/// else they do: see PoolOptions::reap_orphans.
inline void set_reap_orphans(bool reaps) noexcept { detail::usually_reaps.store(reaps); }

/// How a pool works, named as in `TiledPool pool(2, {.caller_computes = true})`.
struct PoolOptions {
  /// The thread that waits for a job is one of the workers: no core idles and short jobs end
  /// sooner, but a kernel that crashes takes the program with it. A pool of one such worker has no
  /// process at all, and so no keeper: where its program is killed, the names that it owns stay
  /// until somebody reaps them (the next start of a pool does).
  bool caller_computes = false;
  /// Each worker stays on a core of its own, if there are as many workers as cores that this
  /// process may use, and as long as nobody else keeps that core busy. Such workers stay in the
  /// caller's session, and short jobs end sooner. A pool that leaves cores free, or shares them,
  /// never binds its workers. Of two pools that one thread uses in turn, each finds the other's
  /// workers on its cores for some 50 microseconds after a job: better not bind the second.
  bool pin = true;
  StartMethod start_method = detail::usual_start_method.load();
  /// The start of a pool removes this user's orphans: arrays of programs that ended without
  /// removing their names, as those do that were killed together with the keeper of their pool, or
  /// had none. It looks for two milliseconds at most where there are more than 64 names, and only
  /// at a folder of this machine alone (memory or a local disk). Turn it off where somebody is to
  /// look at what a dead program left.
  bool reap_orphans = detail::usually_reaps.load();
  /// Jobs run though this process has changed its user or its groups since the pool was made: their
  /// kernels run with the old ones. Without it such a job is an Error(pool_unusable).
  bool user_may_change = false;
};

/// What becomes of a job's other tiles when a kernel throws.
enum class OnThrow {
  stop,    ///< no further tile is begun
  collect  ///< they go on; the JobError lists every tile that threw
};

/// Whether a tile that a dead worker had begun is computed again. Tiles that nobody had begun
/// always are.
enum class Rerun {
  where_safe,  ///< in transform, if its output shares no memory with an input
  allowed,     ///< in map too: the kernel gives the same whatever it finds in its output
  never
};

/// How a job is run, named as in `pool.map({4, 4}, {.on_throw = OnThrow::collect}, kernel, a)`.
struct JobOptions {
  Rerun rerun = Rerun::where_safe;
  OnThrow on_throw = OnThrow::stop;
  /// A worker whose tile takes longer is killed, and is a dead worker like any other; 0: no limit.
  /// Tiles that the caller computes itself have none.
  std::chrono::nanoseconds tile_timeout{0};
  detail::FormerTileDeadline tile_deadline = {};
  /// Where tiles may be computed again: how many workers one tile may cost before it is given up.
  /// The job itself is given up, with a JobError that says so, where more workers than the pool
  /// has, and 16, die in a row and no tile is finished in between; the attempts of one tile are
  /// allowed beside these.
  unsigned max_attempts = 3;
  detail::FormerTries tries = {};
  /// Just these tiles, by number, such as a JobError's `unfinished`; a number that stands twice
  /// counts once, and an empty list runs nothing. Other tiles are left alone, and their results are
  /// value-initialised.
  std::optional<std::vector<std::size_t>> only = std::nullopt;
};

namespace detail {

/// What stands where options may: a kernel, or transform's function.
template <class T>
concept NoOptions = !std::same_as<std::remove_cvref_t<T>, JobOptions>;

/// The options with former names taken for the new ones. Throws Error(invalid_argument) for options
/// that mean nothing.
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

/// The tiles that `only` names, each once, ascending. Throws Error(invalid_argument) for a number
/// that no tile has.
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
