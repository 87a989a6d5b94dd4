// Floor 4, pool/board: the bytes of one job: arguments, kernel, one byte for each tile, results.
//
// They stand in a segment that workers attach by name. If a job needs more, a larger segment
// replaces it. So the number of the round is enough to hand over a job of any size. Head, arguments
// and kernel stand on pages that workers can't write (board.hpp). They are packed, because each of
// their cache lines travels from the caller's core to every worker's core.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include <tessera/host/code_address.hpp>
#include <tessera/host/file.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/pool/board/tile_state.hpp>

namespace tessera::detail {

/// One argument of a job. Workers read it.
struct ArgumentRecord {
  Identity identity{};  ///< of the array; zeros for a file on disk
  host::FileId file;    ///< device and inode of the caller's mapping
  /// Bytes from the start of the mapping to the section's first element.
  std::uint64_t offset = 0;
  std::uint64_t path_at = 0;  ///< offset in job memory of its name or path
  std::uint32_t path_size = 0;
  std::uint16_t axes = 0;
  std::uint8_t is_name = 0;  ///< 1: a segment's name; 0: a file's path
  std::uint8_t writes = 0;
  /// Offset in job memory of its extents; its strides, in elements, follow them.
  std::uint64_t extents_at = 0;
};

/// When a tile was computed, and by which worker. Written by that worker, before the tile's byte.
struct TileRecord {
  std::uint64_t begin = 0, end = 0;  ///< nanoseconds of the steady clock; 0: not yet
  std::uint64_t worker = 0;          ///< its slot
};

/// The head of job memory. Offsets are in bytes from its start.
struct JobHead {
  std::uint64_t bytes = 0;  ///< size of the job's memory
  std::uint64_t tiles = 0;
  std::uint64_t grain = 1;         ///< tiles that are dealt and claimed together
  std::uint64_t collects = 0;      ///< 1: when a tile throws, the others go on
  std::uint64_t one_by_one = 0;    ///< 1: neighbouring tiles are not merged into one call
  std::uint64_t tile_timeout = 0;  ///< time limit of a tile in nanoseconds; 0: none
  std::uint64_t floats = 0;        ///< the caller's host::FloatEnvironment
  std::uint64_t arguments = 0, arguments_at = 0;
  host::CodeAddress serve;  ///< the kernel's ServeFunction
  /// The function, if the kernel is a pointer to one; else zeros.
  host::CodeAddress function;
  std::uint64_t kernel_size = 0, kernel_at = 0;
  std::uint64_t axes = 0, grid_at = 0;  ///< the tiled axes' extents, then a tile's
  std::uint64_t order_end = 0;          ///< end of all above; workers write only behind it
  std::uint64_t tile_bytes_at = 0;
  std::uint64_t result_size = 0, results_at = 0;
  std::uint64_t times_at = 0;  ///< a TileRecord for each tile; 0: none
};
// They are compared and copied as bytes, so they must have no padding.
static_assert(std::has_unique_object_representations_v<JobHead> &&
              std::has_unique_object_representations_v<ArgumentRecord>);

/// The parts of a job's memory, in one process.
class JobMemory {
 public:
  JobMemory() = default;
  /// For workers: the head is read from the memory.
  explicit JobMemory(std::byte* start) : start_(start) {
    std::memcpy(static_cast<void*>(&head_), start, sizeof head_);
  }
  /// For the caller, which writes the head later.
  JobMemory(std::byte* start, const JobHead& head) : start_(start), head_(head) {}

  const JobHead& head() const { return head_; }
  std::span<ArgumentRecord> arguments() const {
    return {reinterpret_cast<ArgumentRecord*>(start_ + head_.arguments_at), head_.arguments};
  }
  std::string_view path(const ArgumentRecord& record) const {
    return {reinterpret_cast<const char*>(start_ + record.path_at), record.path_size};
  }
  const std::uint64_t* shape(const ArgumentRecord& record) const {
    return words(record.extents_at);
  }
  const std::int64_t* strides(const ArgumentRecord& record) const {
    return reinterpret_cast<const std::int64_t*>(words(record.extents_at) + record.axes);
  }
  const std::uint64_t* grid() const { return words(head_.grid_at); }
  const std::uint64_t* tile() const { return words(head_.grid_at) + head_.axes; }
  const std::byte* kernel() const { return start_ + head_.kernel_at; }
  std::span<TileByte> tile_bytes() const {
    return {reinterpret_cast<TileByte*>(start_ + head_.tile_bytes_at), head_.tiles};
  }
  std::byte* results() const { return start_ + head_.results_at; }
  /// Null if the job keeps no times.
  TileRecord* times() const {
    return head_.times_at != 0 ? reinterpret_cast<TileRecord*>(start_ + head_.times_at) : nullptr;
  }
  std::byte* start() const { return start_; }

  /// For the caller, between two rounds: from the next round on, workers compute tiles one by one.
  void set_one_by_one() {
    head_.one_by_one = 1;
    std::memcpy(start_ + offsetof(JobHead, one_by_one), &head_.one_by_one, sizeof head_.one_by_one);
  }

 private:
  const std::uint64_t* words(std::uint64_t at) const {
    return reinterpret_cast<const std::uint64_t*>(start_ + at);
  }

  std::byte* start_ = nullptr;
  JobHead head_;
};

}  // namespace tessera::detail
