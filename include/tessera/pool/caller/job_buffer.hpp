// Floor 4, pool/caller: the memory in which the caller writes its jobs.
//
// One segment serves job after job. A job that needs more gets a larger one. The segment of a huge
// job is removed after the job. The segment begins with what workers only read (head, arguments,
// kernel). What they write (tile bytes, results) stands on pages after that, and then the control
// block. A pool without processes uses private memory.
//
// A job is written only while no worker is inside the last one. A worker may still be attaching the
// last job's segment. If it does not find that name any more, it reports a failure of a job that
// nobody waits for.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/host/code_address.hpp>
#include <tessera/host/protection.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/job_memory.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// Sets the offsets of tile bytes, results and times: `at` and after it. No times if their offset
/// is 0.
inline void place_outputs(JobHead& head, std::uint64_t at) {
  head.tile_bytes_at = at;
  head.results_at = at + head.tiles;
  head.bytes = head.results_at + head.tiles * head.result_size;
  if (head.times_at == 0) return;
  constexpr std::uint64_t word = alignof(TileRecord);
  head.times_at = (head.bytes + word - 1) / word * word;
  head.bytes = head.times_at + head.tiles * sizeof(TileRecord);
}

/// The head of an order, with every offset. Throws Error(invalid_shape) if the results are larger
/// than any memory.
inline JobHead plan_job(const JobOrder& order) {
  constexpr std::uint64_t beyond_any_memory = std::uint64_t{1} << 60;
  const auto each = order.result_size + (order.timeline ? sizeof(TileRecord) : 0);
  if (!checked_product(order.tiles, std::array{std::max<std::size_t>(each, 1)}, beyond_any_memory))
    throw Error(Errc::invalid_shape, "TiledPool",
                "the results of so many tiles are more than any memory", "use larger tiles");
  const auto aligned = [](std::uint64_t at) {
    return (at + cache_line - 1) / cache_line * cache_line;
  };
  JobHead head;
  head.tiles = order.tiles;
  head.grain = order.grain;
  head.collects = order.collects;
  head.tile_timeout = order.tile_timeout;
  head.floats = order.floats.word();
  head.arguments = order.arguments.size();
  head.kernel_size = order.kernel.size();
  head.result_size = order.result_size;
  head.times_at = order.timeline ? 1 : 0;  // placed below
  head.axes = order.axes;
  head.grid_at = sizeof(JobHead);
  head.arguments_at = head.grid_at + 2 * order.axes * sizeof(std::uint64_t);
  std::uint64_t at = head.arguments_at + head.arguments * sizeof(ArgumentRecord);
  for (const auto& argument : order.arguments)
    at += 2 * argument.axes * sizeof(std::uint64_t) + argument.segment->subject().size();
  head.kernel_at = aligned(at);
  head.order_end = aligned(head.kernel_at + head.kernel_size);
  place_outputs(head, head.order_end);
  return head;
}

/// By what workers find an array that they have mapped already; its section is still to be written.
inline ArgumentRecord record_of(const Segment& segment, bool writes) {
  ArgumentRecord out;
  out.identity = segment.identity();
  out.file = segment.file_id();
  out.is_name = segment.name().empty() ? 0 : 1;
  out.writes = writes ? 1 : 0;
  return out;
}

/// Writes an order into job memory. Bytes that are equal already are not written, so their cache
/// lines stay in the workers' caches: the same job often runs many times.
class JobWriter {
 public:
  explicit JobWriter(const JobMemory& memory) : memory_(memory) {}

  void write(const JobOrder& order) {
    const auto& head = memory_.head();
    auto at = head.grid_at;
    put(at, order.grid.data(), order.axes);
    put(at, order.tile.data(), order.axes);
    at += head.arguments * sizeof(ArgumentRecord);
    auto path_at = at;
    for (const auto& argument : order.arguments)
      path_at += 2 * argument.axes * sizeof(std::uint64_t);
    for (std::size_t i = 0; i < order.arguments.size(); ++i)
      write(order.arguments[i], head.arguments_at + i * sizeof(ArgumentRecord), at, path_at);
    put_at(head.kernel_at, order.kernel.data(), order.kernel.size());
    put_at(0, &head, sizeof head);
    // Tiles that are not wanted are marked as done.
    auto* const tile_bytes = memory_.start() + head.tile_bytes_at;
    std::memset(tile_bytes, static_cast<int>(order.only ? TileState::done : TileState::open),
                head.tiles);
    if (auto* const times = memory_.times()) std::fill_n(times, head.tiles, TileRecord{});
    if (order.only)
      for (const auto tile : *order.only)
        tile_bytes[tile] = static_cast<std::byte>(TileState::open);
  }

 private:
  void put_at(std::uint64_t at, const void* from, std::size_t bytes) {
    auto* const to = memory_.start() + at;
    if (std::memcmp(to, from, bytes) != 0) std::memcpy(to, from, bytes);
  }
  template <class T>
  void put(std::uint64_t& at, const T* from, std::size_t count) {
    put_at(at, from, count * sizeof(T));
    at += count * sizeof(T);
  }
  void write(const Argument& argument, std::uint64_t record_at, std::uint64_t& extents_at,
             std::uint64_t& path_at) {
    const auto& segment = *argument.segment;
    const auto& subject = segment.subject();
    auto record = record_of(segment, argument.writes());
    record.offset = segment.header().data_offset + static_cast<std::uint64_t>(argument.offset());
    record.path_at = path_at;
    record.path_size = static_cast<std::uint32_t>(subject.size());
    record.axes = static_cast<std::uint16_t>(argument.axes);
    record.extents_at = extents_at;
    put(extents_at, argument.extents.data(), argument.axes);
    put(extents_at, argument.steps.data(), argument.axes);
    put(path_at, subject.data(), subject.size());
    put_at(record_at, &record, sizeof record);
  }

  JobMemory memory_;
};

/// Copies the results of the wanted tiles. Other elements of `to` stay as they are.
inline void copy_results(const JobMemory& memory, const JobOrder& order, void* to) {
  const auto size = order.result_size;
  if (!order.only) {
    std::memcpy(to, memory.results(), order.tiles * size);
    return;
  }
  for (const auto k : *order.only)
    std::memcpy(static_cast<std::byte*>(to) + k * size, memory.results() + k * size, size);
}

/// When and where the tiles were computed, in seconds since `began`. Tiles that did not end are
/// left out.
inline std::vector<TileTime> read_times(const JobMemory& memory, const JobOrder& order,
                                        std::chrono::steady_clock::time_point began) {
  std::vector<TileTime> out;
  if (!order.timeline) return out;
  const auto seconds = [zero = began.time_since_epoch().count()](std::uint64_t time) {
    return 1e-9 * static_cast<double>(static_cast<std::int64_t>(time) - zero);
  };
  for (std::size_t k = 0; k < order.tiles; ++k)
    if (const auto& record = memory.times()[k]; record.end != 0)
      out.push_back({k % order.user_tiles(), static_cast<std::size_t>(record.worker),
                     seconds(record.begin), seconds(record.end)});
  std::stable_sort(out.begin(), out.end(),
                   [](const TileTime& a, const TileTime& b) { return a.begin < b.begin; });
  return out;
}

/// Module and offset of a kernel's code. Throws Error(foreign_kernel).
inline host::CodeAddress code_of(const void* function) {
  const auto code = host::locate(function);
  if (!code)
    throw Error(Errc::foreign_kernel, "kernel", "its code is in no module of this program",
                "kernels must be compiled code of the program or its libraries");
  return *code;
}

class JobBuffer {
 public:
  /// Writes the order into job memory for workers. `commands` gets the memory's name. Throws Error
  /// (no_space, foreign_kernel, invalid_shape).
  JobMemory lay_out(const JobOrder& order, Commands& commands) {
    auto head = plan_job(order);
    head.serve = known_code_of(order.serve);
    if (order.function != nullptr) head.function = known_code_of(order.function);
    const auto outputs = head.bytes - head.order_end;
    if (!segment_ || head.order_end > order_capacity_ || outputs > output_capacity_)
      replace(head.order_end, outputs, commands);
    place_outputs(head, order_capacity_);
    return written(order, head, segment_->data());
  }

  /// As lay_out, for a pool whose only worker is this process.
  JobMemory lay_out_here(const JobOrder& order) {
    const auto head = plan_job(order);
    try {
      private_memory_.resize(head.bytes / cache_line + 1);
    } catch (const std::exception&) {
      throw Error(Errc::no_space, "TiledPool",
                  "no memory for a job of " + std::to_string(order.tiles) + " tiles",
                  "use larger tiles");
    }
    return written(order, head, reinterpret_cast<std::byte*>(private_memory_.data()));
  }

  void release() { segment_.reset(); }
  void release_if_large() {
    if (segment_ && segment_->header().data_bytes() > large) release();
  }

 private:
  static constexpr std::size_t least_outputs = std::size_t{48} << 10, large = std::size_t{16} << 20;

  /// Makes a segment for an order and outputs of these sizes, plus a quarter.
  void replace(std::size_t order_bytes, std::size_t outputs, Commands& commands) {
    release();
    const auto page = host::segment_page_size();
    const auto offset = npy::usual_size;
    const auto begin = host::whole_pages(offset + order_bytes + order_bytes / 4, page);
    const auto end =
        begin + host::whole_pages((std::max)(least_outputs, outputs + outputs / 4), page);
    segment_ = Segment::create(std::nullopt, dtype_of<std::uint8_t>(), std::array{end - offset},
                               Permission::owner);
    order_capacity_ = begin - offset;
    output_capacity_ = end - begin;
    const auto& name = segment_->name();
    std::copy_n(name.c_str(), name.size() + 1, commands.memory_name.begin());
    commands.memory_identity = segment_->identity();
    commands.memory_writable = {begin, end};
  }

  static JobMemory written(const JobOrder& order, const JobHead& head, std::byte* at) {
    const JobMemory memory(at, head);
    JobWriter(memory).write(order);
    return memory;
  }
  // Kept, since a look-up gets slower with every library of the program.
  host::CodeAddress known_code_of(const void* function) {
    if (const auto now = host::modules_generation(); now != codes_of_) {
      codes_.clear();
      codes_of_ = now;
    }
    for (const auto& [known, code] : codes_)
      if (known == function) return code;
    return codes_.emplace_back(function, code_of(function)).second;
  }

  struct alignas(cache_line) Line {
    std::byte bytes[cache_line];
  };

  std::shared_ptr<Segment> segment_;
  std::size_t order_capacity_ = 0, output_capacity_ = 0;  // bytes of each part
  std::vector<Line> private_memory_;
  std::vector<std::pair<const void*, host::CodeAddress>> codes_;
  std::uint64_t codes_of_ = 0;  // the modules' generation for which codes_ is valid
};

}  // namespace tessera::detail
