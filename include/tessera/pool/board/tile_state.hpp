// Floor 4, pool/board: the state of a tile: one byte of the job's memory.
#pragma once

#include <atomic>
#include <cstdint>

namespace tessera::detail {

/// A tile's byte. While its round runs, only the worker that claimed the tile writes it.
enum class TileState : std::uint8_t {
  open = 0,     ///< not started: any worker may compute it
  started = 1,  ///< a worker is in its kernel, or died there: its elements are unknown
  done = 2,     ///< the worker's last store, with release, after the result
  failed = 3    ///< the kernel threw
};

using TileByte = std::atomic<std::uint8_t>;
static_assert(sizeof(TileByte) == 1 && TileByte::is_always_lock_free);

}  // namespace tessera::detail
