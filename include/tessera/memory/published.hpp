// Public: Published. Floor 3, memory: steps that one process publishes and others wait for.
//
// Steps are numbered, and the numbers grow. The counter stands in the control block at offset 64,
// so that programs without this library read it too.
#pragma once

#include <chrono>
#include <cstdint>

#include <tessera/base/config.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/step_counters.hpp>

namespace tessera {

/// How a wait for a step ended.
enum class Published {
  advanced,   ///< a later step is published
  timed_out,  ///< none was, in that time
  owner_gone  ///< none was, and none will be: the array's owner has ended
};

namespace detail {

/// The counters of a segment. Throws Error(invalid_argument) for a file on disk, which has none.
StepCounters counters_of(const Segment& segment);

/// Says that step n is complete, and wakes who waits for it. Throws Error(invalid_argument) for a
/// step that is before the last one, while a step of a ring is being written, and for a file.
void publish(Segment& segment, std::uint64_t n);

/// See SharedArray::wait_published.
Published wait_published(const Segment& segment, std::uint64_t beyond,
                         std::chrono::nanoseconds at_most);

/// Before step n of a ring is written: then end_step. Throws Error(invalid_argument) unless n is
/// the next step, or the first one of all; while a step is being written; and for a file. Throws
/// Error(invalid_shape) for a ring without slots.
void begin_step(Segment& segment, std::uint64_t n);

/// The step that begin_step has begun is written (then it is published), or given up.
void end_step(Segment& segment, std::uint64_t n, bool written) noexcept;

/// Before step n of a ring is read. Throws Error(invalid_argument) if it is not published, or was
/// not written by write_step; invalid_shape for a ring without slots.
void check_step(const Segment& segment, std::uint64_t n);

}  // namespace detail

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/published_impl.hpp>
#endif
