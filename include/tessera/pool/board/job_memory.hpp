// Floor 4, pool/board: what belongs to one job, byte by byte: its arguments, its kernel, one byte
// for each tile, its results.
//
// It stands in a segment that workers attach by name and that is replaced by a larger one at need,
// so a job of any size needs no more than its number to be handed over. What workers read is
// packed: every line of it travels from the caller's core to theirs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/host/float_environment.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/round.hpp>

namespace tessera::detail {

inline constexpr std::size_t max_axes = 16;

/// One argument of a job, as workers read it.
struct ArgumentRecord {
  Identity identity{};       ///< of the array; zeros for a file on disk
  host::FileId file;         ///< device and inode of the caller's mapping
  std::uint64_t offset = 0;  ///< bytes from the start of the mapping to the section's first element
  std::uint64_t place_at = 0;  ///< where in job memory the name, or the file's path, stands
  std::uint32_t place_size = 0;
  std::uint16_t axes = 0;
  std::uint8_t is_name = 0;  ///< a segment's name; else a file's path
  std::uint8_t writes = 0;
  std::uint64_t extents_at = 0;  ///< where its shape stands, and then its strides, in elements
};

/// The head of job memory. Offsets are from its start.
struct JobHead {
  std::uint64_t bytes = 0;  ///< of the job's memory, all parts
  std::uint64_t tiles = 0;
  std::uint64_t grain = 1;          ///< tiles that stay together
  std::uint64_t collects = 0;       ///< other tiles go on when one throws
  std::uint64_t alone = 0;          ///< tiles are computed one by one, whatever the kernel
  std::uint64_t tile_deadline = 0;  ///< nanoseconds that a tile may take; 0: no limit
  std::uint64_t floats = 0;         ///< a host::FloatEnvironment
  std::uint64_t arguments = 0, arguments_at = 0;
  host::CodeAddress serve;  ///< a ServeFunction
  host::CodeAddress
      function;  ///< what a kernel that is a pointer to a function points to; or zeros
  std::uint64_t kernel_size = 0, kernel_at = 0;
  std::uint64_t tile_bytes_at = 0;
  std::uint64_t result_size = 0, results_at = 0;
  std::uint64_t axes = 0, grid_at = 0;  ///< extents of the tiled axes, and then of a tile
  std::uint64_t seal = 0;  ///< a checksum of all this, and of what follows to the tiles
};

// Of an array whose control block a kernel has written over.
inline constexpr std::string_view
    written_behind = "a kernel has written behind the end of its data, and maybe over other tiles",
    how_to_find_overruns =
        "build the program with -DTESSERA_CHECK_BOUNDS: the error then names tile "
        "and index";

/// Some kernel wrote over the job's memory, and what that asks for now might never end.
inline Error written_over(const std::string& what) {
  return {Errc::kernel_failed, "TiledPool", "the job's memory does not tell any more " + what,
          "a kernel has written over it, beyond its own tiles"};
}

class AsyncJob;

/// What the caller asks for, before it is laid out in job memory.
struct JobOrder {
  struct Argument {
    std::shared_ptr<Segment> segment;
    ArgumentRecord record;
    std::byte* data = nullptr;  ///< the section's first element in the caller
    std::array<std::uint64_t, max_axes> shape;
    std::array<std::int64_t, max_axes> strides;  ///< in elements
  };
  std::vector<Argument> arguments;
  std::vector<std::byte> kernel;
  const void* serve = nullptr;
  const void* function = nullptr;  ///< what a kernel that is a pointer to a function points to
  std::size_t tiles = 0;
  std::size_t parts = 1;  ///< of each tile that the caller knows: see told_tiles
  std::size_t grain = 1;  ///< tiles that stay together
  std::size_t result_size = 0;
  std::size_t axes = 0;
  std::array<std::uint64_t, max_axes> grid{}, tile{};
  std::optional<std::vector<std::size_t>> only;  ///< the tiles to compute, ascending; else all
  bool collect = false;                          ///< other tiles go on when one throws
  bool reruns = false;              ///< tiles that a dead worker had begun are computed again
  unsigned tries = 3;               ///< how many workers a tile may cost
  std::uint64_t tile_deadline = 0;  ///< nanoseconds; 0: no limit
  /// Of the thread that makes the order: its call's.
  host::FloatEnvironment floats = host::FloatEnvironment::now();
  AsyncJob* async = nullptr;  ///< who may cancel it; nobody where it is null

  std::size_t asked() const noexcept { return only ? only->size() : tiles; }

  /// How many tiles the caller knows. Its tile k is the tiles k, k + told_tiles(), and so on.
  std::size_t told_tiles() const noexcept { return tiles / parts; }
  /// Takes the caller's choice of its tiles, ascending.
  void choose(std::vector<std::size_t> told) {
    const auto each = told.size();
    told.reserve(each * parts);
    for (std::size_t k = each; k < each * parts; ++k) told.push_back(told[k - each] + told_tiles());
    only = std::move(told);
  }
  /// Tiles as the caller knows them, ascending: those of which any part is given.
  std::vector<std::size_t> told(std::vector<std::size_t> some) const {
    for (auto& number : some) number %= told_tiles();
    std::sort(some.begin(), some.end());
    some.erase(std::unique(some.begin(), some.end()), some.end());
    return some;
  }
};

/// A job's memory as its parts. Where they are is read once, or known: whatever is written over the
/// head meanwhile, who has one of these looks where the parts are.
class JobMemory {
 public:
  JobMemory() = default;
  /// What the `room` bytes at `start` say of themselves: for workers. Throws Error(kernel_failed)
  /// if they are not as the caller wrote them.
  JobMemory(std::byte* start, std::size_t room) : start_(start) {
    if (room >= sizeof head_) std::memcpy(static_cast<void*>(&head_), start, sizeof head_);
    if (head_.tile_bytes_at < sizeof head_ || head_.tile_bytes_at > head_.bytes ||
        head_.bytes > room || head_.tile_bytes_at % cache_line != 0 || head_.seal != seal())
      throw written_over("what is asked for");
  }
  /// For the caller, who knows.
  JobMemory(std::byte* start, const JobHead& head) : start_(start), head_(head) {}

  const JobHead& head() const { return head_; }
  std::span<ArgumentRecord> arguments() const {
    return {reinterpret_cast<ArgumentRecord*>(start_ + head_.arguments_at), head_.arguments};
  }
  std::string_view place(const ArgumentRecord& record) const {
    return {reinterpret_cast<const char*>(start_ + record.place_at), record.place_size};
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

  /// From the next round on.
  void compute_tiles_alone() {
    head_.alone = 1;
    std::memcpy(start_ + offsetof(JobHead, alone), &head_.alone, sizeof head_.alone);
  }

  /// Of the tiles that were asked for; those of others are left alone.
  void copy_results(const JobOrder& order, void* to) const {
    const auto size = order.result_size;
    if (!order.only) {
      std::memcpy(to, results(), order.tiles * size);
      return;
    }
    for (const auto k : *order.only)
      std::memcpy(static_cast<std::byte*>(to) + k * size, results() + k * size, size);
  }

  /// How an order is laid out: a head with every offset set. Throws Error(invalid_shape) for
  /// results beyond any memory.
  static JobHead plan(const JobOrder& order) {
    const auto aligned = [](std::uint64_t at) {
      return (at + cache_line - 1) / cache_line * cache_line;
    };
    JobHead head;
    head.tiles = order.tiles;
    head.grain = order.grain;
    head.collects = order.collect;
    head.tile_deadline = order.tile_deadline;
    head.floats = order.floats.word();
    head.arguments = order.arguments.size();
    head.kernel_size = order.kernel.size();
    head.result_size = order.result_size;
    head.axes = order.axes;
    head.grid_at = sizeof(JobHead);
    head.arguments_at = head.grid_at + 2 * order.axes * sizeof(std::uint64_t);
    std::uint64_t at = head.arguments_at + head.arguments * sizeof(ArgumentRecord);
    for (const auto& argument : order.arguments)
      at += 2 * argument.record.axes * sizeof(std::uint64_t) + argument.segment->subject().size();
    head.kernel_at = aligned(at);
    head.tile_bytes_at = aligned(head.kernel_at + head.kernel_size);
    head.results_at = aligned(head.tile_bytes_at + head.tiles);
    const auto results = npy::detail::checked_bytes(std::array{order.tiles},
                                                    std::max<std::size_t>(order.result_size, 1));
    if (!results || *results > std::uint64_t{1} << 60)
      throw Error(Errc::invalid_shape, "TiledPool",
                  "the results of so many tiles are more than any memory", "use larger tiles");
    head.bytes = head.results_at + *results;
    return head;
  }

  /// Writes an order into memory of at least plan(order).bytes. What stands there already, as where
  /// the same job is run again and again, is left alone: its lines stay in the workers' caches.
  void write(const JobOrder& order) {
    const auto& head = head_;
    const auto put_at = [this](std::uint64_t to, const void* from, std::size_t bytes) {
      if (std::memcmp(start_ + to, from, bytes) != 0) std::memcpy(start_ + to, from, bytes);
    };
    auto at = head.grid_at;
    const auto put = [&](const void* from, std::size_t bytes) {
      put_at(at, from, bytes);
      at += bytes;
    };
    put(order.grid.data(), order.axes * sizeof(std::uint64_t));
    put(order.tile.data(), order.axes * sizeof(std::uint64_t));
    at += head.arguments * sizeof(ArgumentRecord);
    auto place_at = at;
    for (const auto& argument : order.arguments)
      place_at += 2 * argument.record.axes * sizeof(std::uint64_t);
    for (std::size_t i = 0; i < order.arguments.size(); ++i) {
      const auto& argument = order.arguments[i];
      const auto& subject = argument.segment->subject();
      auto record = argument.record;
      record.extents_at = at;
      put(argument.shape.data(), record.axes * sizeof(std::uint64_t));
      put(argument.strides.data(), record.axes * sizeof(std::int64_t));
      record.place_at = place_at;
      record.place_size = static_cast<std::uint32_t>(subject.size());
      put_at(place_at, subject.data(), subject.size());
      place_at += subject.size();
      put_at(head.arguments_at + i * sizeof(ArgumentRecord), &record, sizeof record);
    }
    put_at(head.kernel_at, order.kernel.data(), order.kernel.size());
    head_.seal = seal();
    put_at(0, &head, sizeof head);
    // Tiles that are not asked for are done before anybody begins.
    std::memset(start_ + head.tile_bytes_at,
                static_cast<int>(order.only ? TileState::done : TileState::open), head.tiles);
    if (order.only)
      for (const auto tile : *order.only)
        start_[head.tile_bytes_at + tile] = static_cast<std::byte>(TileState::open);
  }

  /// The checksum that its head should have, as all of it stands now; but for `alone`, which the
  /// caller may change while the job runs.
  std::uint64_t seal() const noexcept {
    const auto step = [](std::uint64_t& lane, std::uint64_t word) {
      lane = (lane ^ word) * 0x9e3779b97f4a7c15u;
      lane ^= lane >> 32;
    };
    // Side by side: a product has to wait for the one before it.
    std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
    const auto mix = [&](const void* from, std::size_t bytes) {
      const auto word = [from](std::size_t at) {
        std::uint64_t out;
        std::memcpy(&out, static_cast<const std::byte*>(from) + at, sizeof out);
        return out;
      };
      std::size_t at = 0;
      for (; bytes - at >= 32; at += 32) {
        step(lanes[0], word(at));
        step(lanes[1], word(at + 8));
        step(lanes[2], word(at + 16));
        step(lanes[3], word(at + 24));
      }
      for (; at < bytes; at += 8) step(lanes[0], word(at));
    };
    auto head = head_;
    head.alone = head.seal = 0;
    mix(&head, sizeof head);
    mix(start_ + sizeof head, head.tile_bytes_at - sizeof head);
    for (std::size_t lane = 1; lane < lanes.size(); ++lane) step(lanes[0], lanes[lane]);
    return lanes[0];
  }

 private:
  const std::uint64_t* words(std::uint64_t at) const {
    return reinterpret_cast<const std::uint64_t*>(start_ + at);
  }

  std::byte* start_ = nullptr;
  JobHead head_;
};
// Compared and copied as bytes, which have no padding among them.
static_assert(std::has_unique_object_representations_v<JobHead> &&
              std::has_unique_object_representations_v<ArgumentRecord>);
static_assert(sizeof(JobHead) % 8 == 0 && sizeof(ArgumentRecord) % 8 == 0);

}  // namespace tessera::detail
