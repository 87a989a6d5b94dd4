// Public: JobOptions, OnThrow, Rerun. Floor 4, pool: options of one job. Each has a default.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>

namespace tessera {

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

}  // namespace detail

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
  Rerun rerun = Rerun::where_safe;   ///< whether a tile is computed again if its worker dies
  OnThrow on_throw = OnThrow::stop;  ///< what happens to the other tiles if a kernel throws
  /// A worker whose tile takes longer is killed, and counts as a dead worker. 0: no limit. Tiles
  /// that the caller computes itself have no limit.
  std::chrono::nanoseconds tile_timeout{0};
  detail::FormerTileDeadline tile_deadline = {};  ///< the former name of tile_timeout
  /// Where tiles may be computed again: a tile in which this many workers died is given up. The
  /// whole job is given up, with a JobError that says so, if too many workers die in a row while no
  /// tile ends: more than workers of the pool + 16 + max_attempts.
  unsigned max_attempts = 3;
  detail::FormerTries tries = {};  ///< the former name of max_attempts
  /// The numbers of the tiles to compute, such as a JobError's `unfinished`. A number that occurs
  /// twice counts once. An empty list computes nothing. Other tiles stay as they are, and their
  /// results are value-initialised.
  std::optional<std::vector<std::size_t>> only = std::nullopt;
  /// Report::timeline tells when and where each tile was computed. It costs a tile about 150
  /// nanoseconds and 24 bytes.
  bool timeline = false;
};

namespace detail {

/// A type that is not JobOptions: a kernel, or the function of transform.
template <class T>
concept NoOptions = !std::same_as<std::remove_cvref_t<T>, JobOptions>;

/// The same options with values under former names moved to the new names. Throws
/// Error(invalid_argument) for values that make no sense.
JobOptions checked_options(JobOptions options);

/// The numbers in `only`, each once, ascending. Throws Error(invalid_argument) for a number that is
/// not below `tiles`.
std::optional<std::vector<std::size_t>> chosen(std::optional<std::vector<std::size_t>> only,
                                               std::size_t tiles);

}  // namespace detail

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/job_options_impl.hpp>
#endif
