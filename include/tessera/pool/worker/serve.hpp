// Floor 4, pool/worker: what a worker does for one job, with all types known.
//
// One instance of serve() for each kernel: its address is what travels. It decodes the arguments
// once, claims tiles until none is left and calls the kernel on the views of each; neighbours are
// one call where the kernel does not mind.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/extents.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/float_environment.hpp>
#include <tessera/host/process.hpp>
#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/pool/board/addresses.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/kernel.hpp>

namespace tessera::detail {

/// An argument as a worker has it, decoded once for each job.
template <class S>
struct BoundArgument {
  using T = typename S::element_type;
  static constexpr std::size_t N = S::rank;

  T* data;
  std::array<std::size_t, N> shape;
  std::array<std::ptrdiff_t, N> strides;

  /// Throws Error(kernel_failed) for what is not within its array.
  BoundArgument(const JobMemory& memory, std::size_t number, const Place& place)
      : data(reinterpret_cast<T*>(place.data)) {
    const auto& record = memory.arguments()[number];
    std::copy_n(memory.shape(record), N, shape.begin());
    std::copy_n(memory.strides(record), N, strides.begin());
    if (!within(reinterpret_cast<const T*>(place.begin), reinterpret_cast<const T*>(place.end)))
      throw written_over("where its arrays are");
  }

  /// True if every element is in [begin, end), and there are no more than fit there.
  bool within(const T* begin, const T* end) const noexcept {
    const auto room = static_cast<std::uint64_t>(end - begin);
    std::uint64_t elements = 1, below = 0, above = 0;
    if (std::count(shape.begin(), shape.end(), 0u) != 0) return true;
    for (std::size_t d = 0; d < N; ++d) {
      const std::uint64_t steps = shape[d] - 1;
      const auto step = strides[d] < 0 ? 0 - static_cast<std::uint64_t>(strides[d])
                                       : static_cast<std::uint64_t>(strides[d]);
      if (shape[d] > room / elements || (steps != 0 && step > room / steps)) return false;
      elements *= shape[d];
      (strides[d] < 0 ? below : above) += steps * step;
    }
    const auto first = reinterpret_cast<std::uintptr_t>(data),
               from = reinterpret_cast<std::uintptr_t>(begin),
               to = reinterpret_cast<std::uintptr_t>(end);
    return first >= from && first < to && below <= (first - from) / sizeof(T) &&
           above < (to - first) / sizeof(T);
  }

  /// The part in a box of the tiled axes: trailing axes line up, other axes are whole.
  template <std::size_t R>
  TileView<T, N> tile(const Box<R>& box, const std::array<std::size_t, R>& grid) const {
    if constexpr (S::use == Use::whole) return {data, shape, strides};
    T* at = data;
    auto extents = shape;
    for (std::size_t k = 0; k < (std::min)(N, R); ++k) {
      const std::size_t d = N - 1 - k, g = R - 1 - k;
      if (shape[d] != grid[g]) continue;  // an extent of 1, broadcast
      at += static_cast<std::ptrdiff_t>(box.lo[g]) * strides[d];
      extents[d] = box.extent(g);
    }
    return {at, extents, strides};
  }
};

/// How many neighbouring tiles such kernels should be dealt together: enough for rows of some
/// length, which are what makes them fast, though each worker must get some to itself.
template <std::size_t R>
std::size_t grain_of(const TileGrid<R>& grid, std::size_t workers) {
  constexpr std::size_t row = 128;  // elements
  const auto in_a_row = (std::min)(grid.counts()[R - 1],
                                   (row + grid.tile_shape()[R - 1] - 1) / grid.tile_shape()[R - 1]);
  return std::max<std::size_t>(1, (std::min)(in_a_row, grid.size() / (2 * workers)));
}

/// Elements that a kernel that merges tiles is given at once, about: enough for long rows and few
/// claims, few enough to be dealt out evenly.
inline constexpr std::size_t merged_elements = 65536;

/// How a kernel's call ends, where it does not just return or throw. A kernel that ends its thread
/// (pthread_exit, a cancellation) has the stack unwound, though nothing was thrown: a worker ends
/// as by exit(). A process that a kernel has forked, and that comes back from it, is no worker: it
/// ends before it can tell anything of the tile.
class CallEnd {
 public:
  /// `ends_thread` is set where that is the caller's.
  CallEnd(const Turn& turn, bool& ends_thread) noexcept : turn_(turn), ends_thread_(ends_thread) {}
  CallEnd(const CallEnd&) = delete;
  CallEnd& operator=(const CallEnd&) = delete;
  ~CallEnd() {
    if (returned_) return;
    leave_if_copied();
    if (std::uncaught_exceptions() != before_) return;
    if (!turn_.in_caller) host::leave_with_output(EXIT_FAILURE);
    ends_thread_ = true;
  }
  void returned() noexcept {
    leave_if_copied();
    returned_ = true;
  }

 private:
  void leave_if_copied() const noexcept {
    if (turn_.mark != nullptr && turn_.mark->copied()) host::leave_with_output(EXIT_FAILURE);
  }

  const Turn& turn_;
  bool& ends_thread_;
  bool returned_ = false;
  int before_ = turn_.in_caller ? std::uncaught_exceptions() : 0;
};

/// What a worker does for one job, with all types known.
template <class K, std::size_t R, class... Sections>
void serve(Turn& turn) {
  using Traits = KernelTraits<K, R, Sections...>;
  using Result = typename Traits::Result;
  const auto& head = turn.memory.head();
  alignas(K) std::array<std::byte, sizeof(K)> bytes;
  std::memcpy(bytes.data(), turn.memory.kernel(), sizeof(K));
  if constexpr (is_function_pointer<K>)
    if (turn.function != nullptr) std::memcpy(bytes.data(), &turn.function, sizeof turn.function);
  const auto arguments = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<BoundArgument<Sections>...>{{turn.memory, I, turn.places[I]}...};
  }(std::index_sequence_for<Sections...>{});
  std::array<std::size_t, R> grid_shape, tile_shape;
  std::copy_n(turn.memory.grid(), R, grid_shape.begin());
  std::copy_n(turn.memory.tile(), R, tile_shape.begin());
  const TileGrid<R> grid(grid_shape, tile_shape);
  if (grid.size() != head.tiles) throw written_over("what its tiles are");

  // A fresh copy for each tile: what a mutable kernel leaves behind must not depend on the
  // schedule.
  const auto call = [&](const Box<R>& box, std::size_t number) -> decltype(auto) {
    alignas(K) auto fresh = bytes;
    K& kernel = *std::launder(reinterpret_cast<K*>(fresh.data()));
    return std::apply(
        [&](const auto&... argument) -> decltype(auto) {
          std::tuple<TileOf<Sections>...> tiles{argument.template tile<R>(box, grid_shape)...};
          return std::apply(
              [&](auto&... tile) -> Result {
                if constexpr (Traits::plain)
                  return kernel(tile...);
                else
                  return kernel(Tile<R>(grid, number, turn), tile...);
              },
              tiles);
        },
        arguments);
  };

  // Tiles [first, last): one, or neighbours as few wide boxes.
  const auto attempt = [&](std::size_t first, std::size_t last) {
    bool ends_thread = false;
    try {
      CallEnd call_end(turn, ends_thread);
      if constexpr (merges_tiles<K>) {
        grid.merged(first, last, [&](const Box<R>& box) { call(box, first); });
        call_end.returned();
      } else if constexpr (std::is_void_v<Result>) {
        call(grid.box(first), first);
        call_end.returned();
      } else {
        const Result result = call(grid.box(first), first);
        call_end.returned();
        refuse_address_in_result(result);
        std::memcpy(turn.memory.results() + first * sizeof(Result),
                    static_cast<const void*>(&result), sizeof result);
      }
      return TileState::done;
    } catch (const std::exception& thrown) {
      turn.threw(first, thrown.what());
    } catch (...) {
      if (ends_thread) throw;
      turn.threw(first, "something that is no std::exception");
    }
    return TileState::failed;
  };

  std::size_t most = 1;  // tiles at once
  // Not where each tile that throws, or ends its worker, is to be told.
  const bool merges = merges_tiles<K> && head.collects == 0 && head.alone == 0;
  if (merges) {
    const auto elements = product_of(std::get<0>(arguments).shape);
    most = std::max<std::size_t>(
        1, merged_elements * grid.size() / std::max<std::size_t>(1, elements));
  }
  // Flags that the caller sees are its own.
  const host::FloatGuard floats(host::FloatEnvironment(head.floats), !turn.in_caller);
  const bool timed = head.tile_deadline != 0 && !turn.in_caller;
  auto& clock = turn.board.clocks()[turn.self];
  auto& round = turn.round;
  while (!round.stopped()) {
    const auto claim = round.claim(turn.self, most);
    if (!claim) return;
    for (std::size_t first = claim->first; first < claim->last && !round.stopped();) {
      std::size_t last = first + 1;
      if (round.begin(first)) {
        while (merges && last < claim->last && round.begin(last)) ++last;
        if (timed) clock.begin(TileClock::now(), head.tile_deadline, last - first);
        floats.again();  // whatever the kernel has made of it in the tile before
        auto state = attempt(first, last);
        // An element's function is given values, not memory.
        if (!merges_tiles<K> && turn.overrun(first)) state = TileState::failed;
        // What kernels print for their authors is there when their tile is done.
        if (!turn.in_caller) host::print_buffered_output();
        if (timed && !clock.end()) host::wait_for_death();
        for (std::size_t k = first; k < last; ++k) round.end(turn.self, k, state);
      }
      first = last;
    }
  }
}

}  // namespace tessera::detail
