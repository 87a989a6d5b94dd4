// Public: StepWriter, Frame. Floor 3, memory: an array whose axis 0 is a ring of steps.
//
//     { auto now = sst.write_step(n); now.view() = model(n); }  // published at the end of its
//     scope
//
//     const auto frame = sst.latest();           // elsewhere
//     const double mean = xt::mean(frame.view())();
//     if (frame.whole()) ...                     // nobody has overwritten it meanwhile
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

/// A step that is being written. When it ends, its step is published; not if it ends because of an
/// exception, or after discard(). It keeps the mapping. If the process is killed meanwhile, nobody
/// sees the step, and readers of the one that it overwrote are told. One process writes at a time.
template <class T, std::size_t N>
class StepWriter {
 public:
  StepWriter(StepWriter&& other) noexcept
      : segment_(std::move(other.segment_)),
        view_(other.view_),
        step_(other.step_),
        slot_(other.slot_),
        exceptions_(other.exceptions_) {}
  StepWriter& operator=(StepWriter&&) = delete;
  ~StepWriter() {
    if (!segment_ || std::uncaught_exceptions() > exceptions_) return;
    auto counters = detail::StepCounters(segment_->control_block());
    counters.publish(step_);
    counters.wake(segment_->identity());
  }

  /// The elements of its slot: an xtensor expression that can be assigned to.
  TileView<T, N - 1> view() const noexcept { return view_; }
  /// Its number.
  std::uint64_t step() const noexcept { return step_; }
  /// Its index on axis 0, for a job: into(xt::view(sst, writer.slot(), xt::all(), xt::all())).
  std::size_t slot() const noexcept { return slot_; }
  /// The step is not published.
  void discard() noexcept { segment_.reset(); }

 private:
  friend struct detail::FramesOf<SharedArray<T, N>>;
  StepWriter(std::shared_ptr<Segment> segment, const TileView<T, N - 1>& view, std::uint64_t step,
             std::size_t slot)
      : segment_(std::move(segment)), view_(view), step_(step), slot_(slot) {}

  std::shared_ptr<Segment> segment_;
  TileView<T, N - 1> view_;
  std::uint64_t step_;
  std::size_t slot_;
  int exceptions_ = std::uncaught_exceptions();
};

/// A step that is being read. It keeps the mapping.
template <class T, std::size_t N>
class Frame {
 public:
  /// Its elements, read-only. They may change as long as whole() is not asked.
  TileView<const T, N - 1> view() const noexcept { return view_; }
  /// Its number.
  std::uint64_t step() const noexcept { return step_; }
  /// True if nobody has begun to overwrite it: what was read of it so far is the step as it was
  /// published. Once false, it stays false.
  bool whole() const noexcept {
    return detail::StepCounters(segment_->control_block()).whole(step_, slots_);
  }

 private:
  friend struct detail::FramesOf<SharedArray<T, N>>;
  friend struct detail::FramesOf<SharedArray<const T, N>>;
  Frame(std::shared_ptr<Segment> segment, const TileView<const T, N - 1>& view, std::uint64_t step,
        std::size_t slots)
      : segment_(std::move(segment)), view_(view), step_(step), slots_(slots) {}

  std::shared_ptr<Segment> segment_;
  TileView<const T, N - 1> view_;
  std::uint64_t step_;
  std::size_t slots_;
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
    const auto slot = slot_of(array, n);
    return {segment, slot_view<T>(array, slot), n, slot};
  }
  static Frame<Value, N> reader(const Array& array, const std::shared_ptr<Segment>& segment,
                                std::uint64_t n) {
    check_step(*segment, n);
    return {segment, slot_view<const Value>(array, slot_of(array, n)), n, array.shape()[0]};
  }

 private:
  static std::size_t slot_of(const Array& array, std::uint64_t n) {
    return static_cast<std::size_t>((n - 1) % array.shape()[0]);
  }
  template <class V, class A>
  static TileView<V, N - 1> slot_view(A& array, std::size_t slot) {
    std::array<std::size_t, N - 1> shape;
    std::array<std::ptrdiff_t, N - 1> strides;
    std::ptrdiff_t elements = 1;
    for (std::size_t d = N - 1; d > 0; --d) {
      shape[d - 1] = array.shape()[d];
      strides[d - 1] = elements;
      elements *= static_cast<std::ptrdiff_t>(shape[d - 1]);
    }
    return {array.data() + static_cast<std::ptrdiff_t>(slot) * elements, shape, strides};
  }
};

}  // namespace detail

}  // namespace tessera
