// Floor 3, memory: the members of an array that publish steps and wait for them. Those that read
// and write the slots of a ring stand in frames.hpp, which a program includes if it calls them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/published.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera::detail {

/// Makes the frames of an Array; defined in frames.hpp.
template <class Array>
struct FramesOf;

/// A base class of Array. It has no data. `writable`: its elements are not const.
template <class Array, bool writable>
class WithSteps {
 public:
  /// Says that step n is complete: what this process has written before is seen by everybody who
  /// sees n. Any number that is not less than the last one. One process publishes at a time. Throws
  /// Error(invalid_argument) for a smaller number, while a step is being written by write_step, for
  /// a file on disk and for no array.
  void publish(std::uint64_t n) {
    static_assert(writable, "tessera: this array is read-only: its element type is const");
    if constexpr (writable) detail::publish(*segment(), n);
  }

  /// The last step that was published; 0: none. Throws Error(invalid_argument) for a file on disk
  /// and for no array.
  std::uint64_t published() const { return counters_of(*segment()).published(); }

  /// Sleeps until a step after `beyond` is published (advanced), until the array's owner has ended
  /// without one (owner_gone), or for `at_most` (timed_out). The death of an owner that
  /// is killed is noticed after about 50 ms. Nobody owns a kept array: its writer's end is not
  /// told. Throws Error(invalid_argument) for a file on disk and for no array.
  Published wait_published(std::uint64_t beyond, std::chrono::nanoseconds at_most) const {
    return detail::wait_published(*segment(), beyond, at_most);
  }

  /// The slot of axis 0 in which step n lies, to be written; the step is published when the result
  /// ends: see StepWriter in <tessera/memory/frames.hpp>, which stands before the call. The first
  /// step has any number from 1 on, and each other one the next. Throws Error: invalid_argument for
  /// another number, while a step is being written, for a file on disk and for no array;
  /// invalid_shape if axis 0 has no slots.
  template <class A = Array>
  auto write_step(std::uint64_t n) {
    static_assert(writable, "tessera: this array is read-only: its element type is const");
    if constexpr (writable) return frames<A>().writer(static_cast<A&>(*this), segment(), n);
  }

  /// Step n, to be read: see Frame in <tessera/memory/frames.hpp>, which stands before the call. It
  /// may be overwritten already, which its whole() tells. Throws Error: invalid_argument if the
  /// step is not published, or not by write_step, for a file on disk and for no array;
  /// invalid_shape if axis 0 has no slots.
  template <class A = Array>
  auto step(std::uint64_t n) const {
    return frames<A>().reader(static_cast<const A&>(*this), segment(), n);
  }

  /// The last step that was published, as step() gives it.
  template <class A = Array>
  auto latest() const {
    return step<A>(published());
  }

 private:
  const std::shared_ptr<Segment>& segment() const {
    return checked(static_cast<const Array&>(*this).segment());
  }

  template <class A>
  static auto frames() {
    constexpr bool included = requires { sizeof(FramesOf<A>); };
    static_assert(included, "tessera: frames need #include <tessera/memory/frames.hpp>");
    if constexpr (included) return FramesOf<A>();
  }
};

}  // namespace tessera::detail
