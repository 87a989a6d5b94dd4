// Floor 3, memory: the definitions of published.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/memory/published.hpp>

namespace tessera::detail {

TESSERA_FUNC StepCounters counters_of(const Segment& segment) {
  if (segment.control_block() == nullptr)
    throw Error(Errc::invalid_argument, segment.subject(),
                "a file has no steps to publish or to wait for",
                "use an array in shared memory: create, copy_of, load");
  return StepCounters(segment.control_block());
}

inline Error a_step_is_being_written(const Segment& segment) {
  return {Errc::invalid_argument, segment.subject(), "a step of it is being written",
          "let its StepWriter end first: one step is written at a time"};
}

inline void refuse_no_slots(const Segment& segment) {
  if (segment.header().shape.front() == 0)
    throw Error(Errc::invalid_shape, segment.subject(),
                "a ring without slots has no place for a step",
                "give its first axis an extent of 2 or more");
}

TESSERA_FUNC void publish(Segment& segment, std::uint64_t n) {
  auto counters = counters_of(segment);
  if (const auto last = counters.published(); n < last)
    throw Error(Errc::invalid_argument, segment.subject(),
                "step " + std::to_string(n) + " can't follow step " + std::to_string(last),
                "the numbers of steps grow: readers wait for a larger one");
  if (segment.is_writing()) throw a_step_is_being_written(segment);
  counters.publish(n);
  counters.wake(segment.identity());
}

TESSERA_FUNC Published wait_published(const Segment& segment, std::uint64_t beyond,
                                      std::chrono::nanoseconds at_most) {
  using Clock = std::chrono::steady_clock;
  auto counters = counters_of(segment);
  const auto start = Clock::now();
  const auto deadline =
      at_most < (Clock::time_point::max)() - start ? start + at_most : (Clock::time_point::max)();
  // An owner that is killed wakes nobody: who waits looks after it so often.
  constexpr auto between_looks = std::chrono::milliseconds(50);
  auto next_look = start + between_looks;
  for (;;) {
    const auto last = counters.published();
    if (last > beyond) return Published::advanced;
    const auto now = Clock::now();
    if (now >= (std::min)(next_look, deadline) || segment.ended()) {
      if (!segment.owner_lives())  // it may have published before it ended
        return counters.published() > beyond ? Published::advanced : Published::owner_gone;
      if (now >= deadline) return Published::timed_out;
      next_look = now + between_looks;
    }
    counters.wait(last, (std::min)(next_look, deadline) - now, segment.identity());
  }
}

TESSERA_FUNC void begin_step(Segment& segment, std::uint64_t n) {
  auto counters = counters_of(segment);
  refuse_no_slots(segment);
  const auto last = counters.published();
  if (n == 0 || (last != 0 && n != last + 1))
    throw Error(Errc::invalid_argument, segment.subject(),
                "step " + std::to_string(n) + " can't follow step " + std::to_string(last),
                "steps of a ring begin at 1 or later, and follow one another by one");
  if (!segment.begin_writing()) throw a_step_is_being_written(segment);
  counters.begin(n);
}

TESSERA_FUNC void end_step(Segment& segment, std::uint64_t n, bool written) noexcept {
  auto counters = counters_of(segment);
  segment.end_writing();
  if (!written || counters.published() >= n) return;  // never back: another process writes too
  counters.publish(n);
  counters.wake(segment.identity());
}

TESSERA_FUNC void check_step(const Segment& segment, std::uint64_t n) {
  const auto counters = counters_of(segment);
  refuse_no_slots(segment);
  const auto last = counters.published();
  if (n == 0 || n > last)
    throw Error(Errc::invalid_argument, segment.subject(),
                "step " + std::to_string(n) + " is not published yet: the last one is " +
                    std::to_string(last),
                "wait for it: wait_published");
  if (!counters.in_ring(n))
    throw Error(Errc::invalid_argument, segment.subject(),
                "step " + std::to_string(n) +
                    " was published without write_step: nobody can tell "
                    "whether it is whole",
                "write it by write_step, or read the array itself");
}

}  // namespace tessera::detail
