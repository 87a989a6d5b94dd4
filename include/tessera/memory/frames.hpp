// Public: StepWriter, Frame. Floor 3, memory: an array whose axis 0 is a ring of steps.
//
//     auto now = sst.write_step(n);
//     now.view() = model(n);            // the end of `now` publishes the step
//
//     const auto frame = sst.latest();  // elsewhere
//     const double mean = xt::mean(frame.view())();
//     if (!frame.whole()) continue;     // it was overwritten meanwhile: throw `mean` away
//
// Step n, counted from 1, lies in slot (n - 1) % shape(0). A reader must finish before the writer
// comes round to its slot: it asks whole() after it has used the elements. A result of which
// whole() is false is thrown away.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/array_fwd.hpp>
#include <tessera/memory/published.hpp>
#include <tessera/memory/with_steps.hpp>

namespace tessera {

namespace detail {

/// One slot of a ring.
template <class T, std::size_t N>
struct Slot {
  T* data;
  std::size_t number, count;  ///< its index on axis 0, and how many there are
  std::array<std::size_t, N - 1> shape;
  std::array<std::ptrdiff_t, N - 1> strides;

  TileView<T, N - 1> view() const noexcept { return {data, shape, strides}; }
};

}  // namespace detail

/// A step that is being written. Its end publishes the step; not if an exception ends it, or after
/// discard(). It keeps the mapping. If the process is killed meanwhile, nobody sees the step, and
/// readers of the one that it overwrote are told. One step of an array is written at a time, by one
/// process.
template <class T, std::size_t N>
class StepWriter {
 public:
  /// Moves the step; `other` publishes nothing.
  StepWriter(StepWriter&& other) noexcept
      : segment_(std::move(other.segment_)),
        slot_(other.slot_),
        step_(other.step_),
        exceptions_(other.exceptions_) {}
  StepWriter& operator=(StepWriter&&) = delete;
  /// Publishes the step.
  ~StepWriter() { end(std::uncaught_exceptions() <= exceptions_); }

  /// The elements of its slot: an xtensor expression that can be assigned to.
  TileView<T, N - 1> view() const noexcept { return slot_.view(); }
  /// Its number.
  std::uint64_t step() const noexcept { return step_; }
  /// Its index on axis 0, for a job: into(xt::view(sst, writer.slot(), xt::all(), xt::all())).
  std::size_t slot() const noexcept { return slot_.number; }
  /// The step is not published.
  void discard() noexcept { end(false); }

 private:
  friend struct detail::FramesOf<SharedArray<T, N>>;
  StepWriter(std::shared_ptr<Segment> segment, const detail::Slot<T, N>& slot, std::uint64_t step)
      : segment_(std::move(segment)), slot_(slot), step_(step) {}

  void end(bool written) noexcept {
    if (segment_) detail::end_step(*segment_, step_, written);
    segment_.reset();
  }

  std::shared_ptr<Segment> segment_;
  detail::Slot<T, N> slot_;
  std::uint64_t step_;
  int exceptions_ = std::uncaught_exceptions();
};

/// A step that is being read. It keeps the mapping.
template <class T, std::size_t N>
class Frame {
 public:
  /// Its elements, read-only. The writer may overwrite them at any time: ask whole() after their
  /// last use, and throw the result away if it is false.
  TileView<const T, N - 1> view() const noexcept { return slot_.view(); }
  /// Its number.
  std::uint64_t step() const noexcept { return step_; }
  /// True if nobody has begun to overwrite it: what was read of it so far is the step as it was
  /// published. Once false, it stays false.
  bool whole() const noexcept {
    return detail::StepCounters(segment_->control_block()).whole(step_, slot_.count);
  }

 private:
  friend struct detail::FramesOf<SharedArray<T, N>>;
  friend struct detail::FramesOf<SharedArray<const T, N>>;
  Frame(std::shared_ptr<Segment> segment, const detail::Slot<const T, N>& slot, std::uint64_t step)
      : segment_(std::move(segment)), slot_(slot), step_(step) {}

  std::shared_ptr<Segment> segment_;
  detail::Slot<const T, N> slot_;
  std::uint64_t step_;
};

namespace detail {

template <class T, std::size_t N>
struct FramesOf<SharedArray<T, N>> {
  static_assert(N > 0, "tessera: the steps of a ring lie along its first axis");
  using Array = SharedArray<T, N>;
  using Value = std::remove_const_t<T>;

  static StepWriter<T, N> writer(Array& array, const std::shared_ptr<Segment>& segment,
                                 std::uint64_t n) {
    begin_step(*segment, n);
    return {segment, slot_of<T>(array, n), n};
  }
  static Frame<Value, N> reader(const Array& array, const std::shared_ptr<Segment>& segment,
                                std::uint64_t n) {
    check_step(*segment, n);
    return {segment, slot_of<const Value>(array, n), n};
  }

 private:
  template <class V, class A>
  static Slot<V, N> slot_of(A& array, std::uint64_t n) {
    const std::size_t count = array.shape()[0];
    Slot<V, N> out{array.data(), (n - 1) % count, count, {}, {}};
    std::ptrdiff_t elements = 1;
    for (std::size_t d = N - 1; d > 0; --d) {
      out.shape[d - 1] = array.shape()[d];
      out.strides[d - 1] = elements;
      elements *= static_cast<std::ptrdiff_t>(out.shape[d - 1]);
    }
    out.data += static_cast<std::ptrdiff_t>(out.number) * elements;
    return out;
  }
};

}  // namespace detail

}  // namespace tessera
