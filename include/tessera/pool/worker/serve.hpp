// Floor 4, pool/worker: what a worker does in one round, with all types known.
//
// Each kernel has an instance of serve(), and job memory holds its address. It decodes the
// arguments once. Then serve_tiles() claims tiles until none is left, and the kernel is called on
// the views of each tile. An elementwise kernel gets neighbouring tiles in one call.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/pool/board/address_scan.hpp>
#include <tessera/pool/kernel.hpp>
#include <tessera/pool/tile.hpp>
#include <tessera/pool/worker/bound_argument.hpp>
#include <tessera/pool/worker/call_guard.hpp>

namespace tessera::detail {

struct WorkerContext;

/// What typed code needs of a job, in this process.
struct ServedJob {
  const WorkerContext& context;
  const std::uint64_t *grid, *tile;  ///< the tiled axes' extents, and a tile's
  const std::byte* kernel;           ///< its bytes
  void* function;                    ///< the function, if the kernel is a pointer to one
  std::byte* results;
  StopFlag stop;

  explicit ServedJob(WorkerContext& context);
  RawArgument argument(std::size_t number) const;
};

/// A kernel with its arguments, without their types.
class ServedKernel {
 public:
  ServedKernel() = default;
  ServedKernel(const ServedKernel&) = delete;
  ServedKernel& operator=(const ServedKernel&) = delete;
  virtual ~ServedKernel() = default;
  /// Computes tiles [first, last): one tile, or neighbours if the kernel merges tiles. Passes on
  /// what the kernel throws.
  virtual void compute(std::size_t first, std::size_t last, CallGuard& guard) const = 0;
};

/// Computes tiles until none can be claimed. `elementwise`: the kernel takes neighbouring tiles in
/// one call; `at_once`: how many to claim for one.
void serve_tiles(WorkerContext& context, const ServedKernel& kernel, bool elementwise,
                 std::size_t at_once);

/// A kernel of type K with its arguments decoded, for one round.
template <class K, std::size_t R, class... Sections>
class TypedKernel final : public ServedKernel {
  using Traits = KernelTraits<K, R, Sections...>;
  using Result = typename Traits::Result;
  /// About so many elements go to an elementwise kernel in one call. Enough for long rows and few
  /// claims; few enough to deal out evenly.
  static constexpr std::size_t merged_elements = 65536;

 public:
  explicit TypedKernel(const ServedJob& job)
      : TypedKernel(job, std::index_sequence_for<Sections...>{}) {}

  /// How many tiles to claim for one call.
  std::size_t tiles_at_once() const {
    const auto elements = std::max<std::size_t>(1, product_of(std::get<0>(arguments_).shape));
    return std::max<std::size_t>(1, merged_elements * grid_.size() / elements);
  }

  void compute(std::size_t first, [[maybe_unused]] std::size_t last,
               CallGuard& guard) const override {
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
      std::memcpy(job_.results + first * sizeof(Result), static_cast<const void*>(&result),
                  sizeof result);
    }
  }

 private:
  template <std::size_t... I>
  TypedKernel(const ServedJob& job, std::index_sequence<I...>)
      : job_(job),
        arguments_{BoundArgument<Sections>(job.argument(I))...},
        grid_shape_(extents_at(job.grid)),
        grid_(grid_shape_, extents_at(job.tile)) {
    std::memcpy(kernel_.data(), job.kernel, sizeof(K));
    if constexpr (is_function_pointer<K>)
      if (job.function != nullptr) std::memcpy(kernel_.data(), &job.function, sizeof job.function);
  }
  static std::array<std::size_t, R> extents_at(const std::uint64_t* words) {
    std::array<std::size_t, R> out;
    std::copy_n(words, R, out.begin());
    return out;
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
                else if constexpr (Traits::with_tile)
                  return kernel(Tile<R>(grid_, number, job_.stop), tile...);
                else
                  return Result();  // check_kernel refuses it
              },
              tiles);
        },
        arguments_);
  }

  ServedJob job_;
  std::tuple<BoundArgument<Sections>...> arguments_;
  std::array<std::size_t, R> grid_shape_;
  TileGrid<R> grid_;
  alignas(K) std::array<std::byte, sizeof(K)> kernel_;
};

template <class K, std::size_t R, class... Sections>
void serve(WorkerContext& context) {
  const TypedKernel<K, R, Sections...> kernel{ServedJob(context)};
  serve_tiles(context, kernel, merges_tiles<K>, kernel.tiles_at_once());
}

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/worker/serve_impl.hpp>
#endif
