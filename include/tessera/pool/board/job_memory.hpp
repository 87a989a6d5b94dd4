// Floor 4, pool/board: what belongs to one job, byte by byte: its arguments, its kernel, one byte
// for each tile, its results.
//
// It stands in a segment that workers attach by name, and that is replaced by a larger one when a
// job needs more. So a job of any size is handed over by its round's number alone. Head, arguments
// and kernel stand on pages that workers can't write (board.hpp). They are packed: every cache line
// of them travels from the caller's core to each worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include <tessera/host/file.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/pool/board/tile_state.hpp>

namespace tessera::detail {

/// One argument of a job, as workers read it.
struct ArgumentRecord {
  Identity identity{};       ///< of the array; zeros for a file on disk
  host::FileId file;         ///< device and inode of the caller's mapping
  std::uint64_t offset = 0;  ///< bytes from the start of the mapping to the section's first element
  std::uint64_t path_at = 0;  ///< where in job memory the name, or the file's path, stands
  std::uint32_t path_size = 0;
  std::uint16_t axes = 0;
  std::uint8_t is_name = 0;  ///< 1: a segment's name; 0: a file's path
  std::uint8_t writes = 0;
  std::uint64_t extents_at = 0;  ///< where its shape stands, and then its strides, in elements
};

/// The head of job memory. Offsets are in bytes from its start.
struct JobHead {
  std::uint64_t bytes = 0;  ///< of the job's memory, all parts
  std::uint64_t tiles = 0;
  std::uint64_t grain = 1;         ///< tiles that stay together
  std::uint64_t collects = 0;      ///< 1: other tiles go on when one throws
  std::uint64_t one_by_one = 0;    ///< 1: neighbouring tiles are not merged into one call
  std::uint64_t tile_timeout = 0;  ///< nanoseconds that a tile may take; 0: no limit
  std::uint64_t floats = 0;        ///< a host::FloatEnvironment
  std::uint64_t arguments = 0, arguments_at = 0;
  host::CodeAddress serve;     ///< a ServeFunction
  host::CodeAddress function;  ///< where a kernel that is a function pointer points; or zeros
  std::uint64_t kernel_size = 0, kernel_at = 0;
  std::uint64_t axes = 0, grid_at = 0;  ///< extents of the tiled axes, and then of a tile
  std::uint64_t order_end = 0;          ///< of all above: workers write nothing before it
  std::uint64_t tile_bytes_at = 0;
  std::uint64_t result_size = 0, results_at = 0;
};
// Compared and copied as bytes, which have no padding among them.
static_assert(std::has_unique_object_representations_v<JobHead> &&
              std::has_unique_object_representations_v<ArgumentRecord>);

/// A job's memory as its parts, in one process.
class JobMemory {
 public:
  JobMemory() = default;
  /// As its head says: for workers.
  explicit JobMemory(std::byte* start) : start_(start) {
    std::memcpy(static_cast<void*>(&head_), start, sizeof head_);
  }
  /// As the caller is about to write it.
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
  std::byte* start() const { return start_; }

  /// For the caller, between two rounds: workers compute tiles one by one from the next one on.
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
