// Floor 4, pool/worker: what a worker does in one round, with all types known.
//
// Each kernel has an instance of serve(), and job memory holds its address. serve() decodes the
// arguments once. Then it claims tiles until none is left, and calls the kernel on the views of
// each tile. An elementwise kernel gets neighbouring tiles in one call.
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
#include <tessera/pool/board/address_scan.hpp>
#include <tessera/pool/kernel.hpp>
#include <tessera/pool/tile.hpp>
#include <tessera/pool/worker/bound_argument.hpp>
#include <tessera/pool/worker/context.hpp>

namespace tessera::detail {

/// Detects an end of the kernel that is neither a return nor an exception.
/// - The kernel ends its thread (pthread_exit, cancellation): the stack is unwound, and nothing was
///   thrown. The worker then ends as by exit().
/// - The kernel forks, and the child returns here: the child is not a worker. It ends before it can
///   report anything about the tile.
class CallGuard {
 public:
  /// `ends_thread` is set if the thread that ends is the caller's.
  CallGuard(const WorkerContext& context, bool& ends_thread) noexcept
      : context_(context), ends_thread_(ends_thread) {}
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;
  ~CallGuard() {
    if (returned_) return;
    leave_if_copied();
    if (std::uncaught_exceptions() != before_) return;
    if (!context_.in_caller) host::leave_with_output(EXIT_FAILURE);
    ends_thread_ = true;
  }
  void returned() noexcept {
    leave_if_copied();
    returned_ = true;
  }

 private:
  void leave_if_copied() const noexcept {
    if (context_.fork_mark != nullptr && context_.fork_mark->copied())
      host::leave_with_output(EXIT_FAILURE);
  }

  const WorkerContext& context_;
  bool& ends_thread_;
  bool returned_ = false;
  int before_ = context_.in_caller ? std::uncaught_exceptions() : 0;
};

/// One worker's share of one round.
template <class K, std::size_t R, class... Sections>
class Server {
  using Traits = KernelTraits<K, R, Sections...>;
  using Result = typename Traits::Result;
  /// About so many elements go to an elementwise kernel in one call. Enough for long rows and few
  /// claims; few enough to deal out evenly.
  static constexpr std::size_t merged_elements = 65536;

 public:
  explicit Server(WorkerContext& context)
      : Server(context, std::index_sequence_for<Sections...>{}) {}

  /// Computes tiles until none can be claimed.
  void run() {
    const auto& head = context_.memory.head();
    const bool merges = may_merge();
    const auto most = merges ? tiles_at_once() : 1;
    // In the caller's own share, floating-point flags stay set for the caller to see.
    const host::FloatGuard floats(host::FloatEnvironment(head.floats), !context_.in_caller);
    const bool timed = head.tile_timeout != 0 && !context_.in_caller;
    auto& clock = context_.board.clocks()[context_.self];
    auto& round = context_.round;
    while (!round.stopped()) {
      const auto claim = round.claim(context_.self, most);
      if (!claim) return;
      for (std::size_t first = claim->first; first < claim->last && !round.stopped();) {
        std::size_t last = first + 1;
        if (round.begin(first)) {
          while (merges && last < claim->last && round.begin(last)) ++last;
          if (timed) clock.begin(TileClock::now(), head.tile_timeout, last - first);
          floats.again();  // the kernel may have changed them in the tile before
          auto state = compute(first, last);
          // An elementwise function gets values, not memory, so it can't overrun an array.
          if (!merges_tiles<K> && context_.report_overrun(first)) state = TileState::failed;
          // Printed output must appear before the tile is done.
          if (!context_.in_caller) host::print_buffered_output();
          if (timed && !clock.end()) host::wait_for_death();
          for (std::size_t k = first; k < last; ++k) round.end(context_.self, k, state);
        }
        first = last;
      }
    }
  }

 private:
  template <std::size_t... I>
  Server(WorkerContext& context, std::index_sequence<I...>)
      : context_(context),
        arguments_{{context.memory, I, context.arguments[I]}...},
        grid_shape_(extents_at(context.memory.grid())),
        grid_(grid_shape_, extents_at(context.memory.tile())) {
    std::memcpy(kernel_.data(), context.memory.kernel(), sizeof(K));
    if constexpr (is_function_pointer<K>)
      if (context.function != nullptr)
        std::memcpy(kernel_.data(), &context.function, sizeof context.function);
  }
  static std::array<std::size_t, R> extents_at(const std::uint64_t* words) {
    std::array<std::size_t, R> out;
    std::copy_n(words, R, out.begin());
    return out;
  }

  /// True if neighbouring tiles may be one call: for elementwise kernels, unless every throwing
  /// tile must be reported, or a tile may end its worker.
  bool may_merge() const {
    const auto& head = context_.memory.head();
    return merges_tiles<K> && head.collects == 0 && head.one_by_one == 0;
  }
  /// How many tiles to claim for one call.
  std::size_t tiles_at_once() const {
    const auto elements = std::max<std::size_t>(1, product_of(std::get<0>(arguments_).shape));
    return std::max<std::size_t>(1, merged_elements * grid_.size() / elements);
  }

  /// Each call gets a new copy of the kernel. Otherwise the state of a mutable kernel would depend
  /// on the schedule.
  Result call(const Box<R>& box, std::size_t number) const {
    alignas(K) auto fresh = kernel_;
    K& kernel = *std::launder(reinterpret_cast<K*>(fresh.data()));
    return std::apply(
        [&](const auto&... argument) -> Result {
          std::tuple<TileOf<Sections>...> tiles{argument.template tile<R>(box, grid_shape_)...};
          return std::apply(
              [&](auto&... tile) -> Result {
                if constexpr (requires { requires K::takes_index; })
                  return kernel.at(box.lo, tile...);
                else if constexpr (Traits::plain)
                  return kernel(tile...);
                else
                  return kernel(Tile<R>(grid_, number, stop_flag()), tile...);
              },
              tiles);
        },
        arguments_);
  }
  StopFlag stop_flag() const noexcept {
    return {&context_.board.replies().stops.round, context_.round.number()};
  }

  /// Computes tiles [first, last): one tile, or neighbours in as few boxes as possible.
  TileState compute(std::size_t first, std::size_t last) const {
    bool ends_thread = false;
    try {
      CallGuard guard(context_, ends_thread);
      if constexpr (merges_tiles<K>) {
        grid_.merged(first, last, [&](const Box<R>& box) { call(box, first); });
        guard.returned();
      } else if constexpr (std::is_void_v<Result>) {
        call(grid_.box(first), first);
        guard.returned();
      } else {
        const Result result = call(grid_.box(first), first);
        guard.returned();
        refuse_address_in_result(result);
        std::memcpy(context_.memory.results() + first * sizeof(Result),
                    static_cast<const void*>(&result), sizeof result);
      }
      return TileState::done;
    } catch (const std::exception& thrown) {
      context_.report_throw(first, thrown.what());
    } catch (...) {
      if (ends_thread) throw;
      context_.report_throw(first, "something that is no std::exception");
    }
    return TileState::failed;
  }

  WorkerContext& context_;
  std::tuple<BoundArgument<Sections>...> arguments_;
  std::array<std::size_t, R> grid_shape_;
  TileGrid<R> grid_;
  alignas(K) std::array<std::byte, sizeof(K)> kernel_;
};

template <class K, std::size_t R, class... Sections>
void serve(WorkerContext& context) {
  Server<K, R, Sections...>(context).run();
}

}  // namespace tessera::detail
