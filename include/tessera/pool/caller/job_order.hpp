// Floor 4, pool/caller: a job as the caller asks for it, before it is written into job memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/float_environment.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera::detail {

class CancelToken;

/// A Section without its type.
struct Argument {
  std::shared_ptr<Segment> segment;
  std::byte* data = nullptr;  ///< the section's first element, in the caller
  std::size_t item = 1;       ///< bytes of an element
  std::size_t axes = 0;
  Use use = Use::read;
  std::array<std::uint64_t, max_axes> extents{};
  std::array<std::int64_t, max_axes> steps{};  ///< strides, in elements

  std::span<const std::uint64_t> shape() const { return {extents.data(), axes}; }
  std::span<const std::int64_t> strides() const { return {steps.data(), axes}; }
  bool writes() const { return use == Use::write; }

  /// Bytes from the array's first element to the section's.
  std::ptrdiff_t offset() const { return data - segment->data(); }
  std::vector<Progression> lattice() const;
  /// True if both have the same elements of one array, with the same shape and strides.
  bool equals(const Argument& other) const;
  /// A text for an Error.
  std::string describe(std::size_t position) const;
};

struct JobOrder {
  std::vector<Argument> arguments;
  std::vector<std::byte> kernel;
  const void* serve = nullptr;     ///< the kernel's ServeFunction
  const void* function = nullptr;  ///< the function, if the kernel is a pointer to one
  std::size_t tiles = 0;
  std::size_t slabs_per_tile = 1;  ///< each tile of the user is computed as so many slabs
  std::size_t grain = 1;           ///< tiles that are dealt and claimed together
  std::size_t result_size = 0;
  std::size_t axes = 0;
  std::array<std::uint64_t, max_axes> grid{}, tile{};
  std::optional<std::vector<std::size_t>> only;  ///< the tiles to compute, ascending; none: all
  bool collects = false;                         ///< when a tile throws, the others go on
  bool reruns = false;             ///< tiles in which a worker died are computed again
  unsigned max_attempts = 3;       ///< how many workers may die in a tile
  std::uint64_t tile_timeout = 0;  ///< nanoseconds; 0: no limit
  bool timeline = false;           ///< when and where each tile is computed is kept
  /// The environment of the thread that makes the order, at that moment.
  host::FloatEnvironment floats = host::FloatEnvironment::now();
  std::shared_ptr<CancelToken> cancel;  ///< null: the job can't be cancelled

  bool cancelled() const noexcept;

  /// How many tiles are to be computed.
  std::size_t wanted() const noexcept { return only ? only->size() : tiles; }

  // The user's numbering: tile k of the user is the job's tiles k, k + user_tiles(), and so on.

  std::size_t user_tiles() const noexcept { return tiles / slabs_per_tile; }
  std::size_t wanted_user_tiles() const noexcept { return wanted() / slabs_per_tile; }
  /// Sets the user's tiles to compute, ascending.
  void choose(std::vector<std::size_t> chosen);
  /// The user's tiles with at least one slab in `some`, ascending.
  std::vector<std::size_t> as_user_tiles(std::vector<std::size_t> some) const;
};

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/caller/job_order_impl.hpp>
#endif
