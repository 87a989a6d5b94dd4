// Floor 3, pool: the memory that caller, keeper and workers share, byte by byte.
//
// The board lives as long as the pool and has no name, since keeper and workers inherit it:
// doorbells, the armed job's number, one slot and one range for each worker. What belongs to one
// job (arguments, kernel, one byte for each tile, results) stands in job memory, a segment that
// workers attach by name and that is replaced by a larger one at need.
//
// Life of a job, number n:
//   caller    writes job memory, deals the ranges, sets job = n (release), rings `work`.
//   worker    sets inside = n, looks again whether job is still n (else it steps back), serves its
//             tiles, sets inside = 0 (release), rings `news`.
//   keeper    on a worker's confirmed death: ends += 1, inside = 0 (release), rings `news`.
//   caller    is done when every tile's byte says so, or when no range holds a tile and nobody is
//             inside. It sets job = 0, waits until nobody is inside, and only then touches job
//             memory.
// Setting `inside` and then reading `job` pairs with setting `job` and then reading `inside` (all
// seq_cst): no worker can be inside job memory that the caller thinks is left.
// Completion and loss are read from the tiles' bytes alone.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/host/doorbell.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/failure_log.hpp>
#include <tessera/pool/schedule.hpp>

namespace tessera::detail {

inline constexpr std::size_t max_workers = 1024;
inline constexpr std::size_t max_axes = 16;

/// A tile's byte. Only the worker that claimed the tile writes it while its job runs.
enum class TileState : std::uint8_t {
  open = 0,     ///< not started: runs again freely
  started = 1,  ///< a worker is in its kernel, or died there: what it wrote is unknown
  done = 2,     ///< the last store, with release, after the result
  failed = 3    ///< the kernel threw
};
using TileByte = std::atomic<std::uint8_t>;
static_assert(sizeof(TileByte) == 1 && TileByte::is_always_lock_free);

struct alignas(cache_line) WorkerSlot {
  std::atomic<std::uint64_t> inside{0};  ///< the job whose memory this worker may touch; 0: none
  std::atomic<std::uint64_t> tiles{
      0};  ///< finished in the job that was armed last; for the report and for progress
  std::atomic<std::uint32_t> ends{0};     ///< how many processes in this slot have died
  std::atomic<std::int32_t> last_end{0};  ///< wait status of the last that died
  std::atomic<std::int32_t> last_pid{0};  ///< and its number
  std::atomic<std::int32_t> pid{
      0};  ///< of the process that works here now; 0: none could be started
};

struct BoardHead {
  std::uint64_t workers = 0;
  // Where the armed job's memory is. Written while no job is armed.
  Identity memory_identity{};
  std::array<char, SegmentName::max_length + 1> memory_name{};
  FailureLog failures;                                    ///< of the armed job, all its rounds
  alignas(cache_line) std::atomic<std::uint64_t> job{0};  ///< the armed job's number; 0: none
  std::atomic<std::uint64_t> stop{
      0};  ///< the job in which nobody shall claim any more; only grows: see Board::stop
  std::atomic<std::uint32_t> closing{0};    ///< the pool ends
  alignas(cache_line) host::Doorbell work;  ///< the caller rings, workers sleep on it
  alignas(cache_line) host::Doorbell news;  ///< workers and keeper ring, the caller sleeps on it
};

/// The board in a segment's bytes.
class Board {
 public:
  static std::size_t bytes(std::size_t workers) {
    return sizeof(BoardHead) + workers * (sizeof(WorkerSlot) + sizeof(Range)) + cache_line;
  }
  /// Makes a board in zeroed memory.
  Board(std::byte* memory, std::size_t workers) {
    void* at = memory;
    std::size_t room = bytes(workers);
    auto* const begin =
        static_cast<std::byte*>(std::align(cache_line, room - cache_line, at, room));
    head_ = new (begin) BoardHead;
    head_->workers = workers;
    slots_ = {reinterpret_cast<WorkerSlot*>(begin + sizeof(BoardHead)), workers};
    ranges_ = {reinterpret_cast<Range*>(begin + sizeof(BoardHead) + workers * sizeof(WorkerSlot)),
               workers};
    for (auto& slot : slots_) new (&slot) WorkerSlot;
    for (auto& range : ranges_) new (&range) Range;
  }

  BoardHead& head() const noexcept { return *head_; }
  std::span<WorkerSlot> slots() const noexcept { return slots_; }
  std::span<Range> ranges() const noexcept { return ranges_; }

  bool anyone_inside() const noexcept {
    return std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) {
      return slot.inside.load(std::memory_order_seq_cst) != 0;
    });
  }

  /// Has nobody claim a tile of this job any more. Late calls do no harm: a later job's stop stays,
  /// and a later job is not stopped. Safe in a signal handler.
  void stop(std::uint64_t job) const noexcept {
    auto stopped = head_->stop.load();
    while (stopped < job && !head_->stop.compare_exchange_weak(stopped, job)) {
    }
  }

  /// Records a failure and stops the job.
  void fail(std::uint64_t job, std::uint64_t tile, Errc code,
            std::string_view text) const noexcept {
    head_->failures.add(tile, code, text);
    stop(job);
  }

 private:
  BoardHead* head_ = nullptr;
  std::span<WorkerSlot> slots_;
  std::span<Range> ranges_;
};

/// One argument of a job, as workers read it.
struct ArgumentRecord {
  Identity identity{};         ///< of the array; zeros for a file on disk
  host::FileId file;           ///< device and inode of the caller's mapping
  std::uint64_t place_at = 0;  ///< where in job memory the name, or the file's path, stands
  std::uint64_t place_size = 0;
  std::uint64_t offset = 0;  ///< bytes from the start of the mapping to the section's first element
  std::uint32_t is_name = 0;  ///< a segment's name; else a file's path
  std::uint32_t writes = 0;
  std::uint64_t axes = 0;
  std::array<std::uint64_t, max_axes> shape{};
  std::array<std::int64_t, max_axes> strides{};  ///< in elements
};

/// The head of job memory. Offsets are from its start.
struct JobHead {
  std::uint64_t job = 0;
  std::uint64_t bytes = 0;  ///< of the job's memory, all parts
  std::uint64_t tiles = 0;
  std::uint64_t asked = 0;     ///< how many of them this job computes: all, or those of `only`
  std::uint64_t collects = 0;  ///< other tiles go on when one throws
  std::uint64_t arguments = 0, arguments_at = 0;
  host::CodeAddress serve;  ///< a ServeFunction
  std::uint64_t kernel_size = 0, kernel_at = 0;
  std::uint64_t tile_bytes_at = 0;
  std::uint64_t result_size = 0, results_at = 0;
  std::uint64_t axes = 0;
  std::array<std::uint64_t, max_axes> grid{}, tile{};  ///< extents of the tiled axes, and of a tile
};

class AsyncJob;

/// What the caller asks for, before it is laid out in job memory.
struct JobOrder {
  struct Argument {
    std::shared_ptr<Segment> segment;
    ArgumentRecord record;
    std::byte* data = nullptr;  ///< the section's first element in the caller
  };
  std::vector<Argument> arguments;
  std::vector<std::byte> kernel;
  const void* serve = nullptr;
  std::size_t tiles = 0;
  std::size_t result_size = 0;
  std::size_t axes = 0;
  std::array<std::uint64_t, max_axes> grid{}, tile{};
  std::optional<std::vector<std::size_t>> only;  ///< the tiles to compute, ascending; else all
  bool collect = false;                          ///< other tiles go on when one throws
  AsyncJob* async = nullptr;                     ///< who may cancel it; nobody where it is null

  std::size_t asked() const noexcept { return only ? only->size() : tiles; }
};

/// A job's memory as its parts.
struct JobMemory {
  std::byte* start = nullptr;

  JobHead& head() const { return *reinterpret_cast<JobHead*>(start); }
  std::span<ArgumentRecord> arguments() const {
    return {reinterpret_cast<ArgumentRecord*>(start + head().arguments_at), head().arguments};
  }
  std::string_view place(const ArgumentRecord& record) const {
    return {reinterpret_cast<const char*>(start + record.place_at), record.place_size};
  }
  const std::byte* kernel() const { return start + head().kernel_at; }
  std::span<TileByte> tile_bytes() const {
    return {reinterpret_cast<TileByte*>(start + head().tile_bytes_at), head().tiles};
  }
  std::byte* results() const { return start + head().results_at; }

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

  /// How an order is laid out: a head with every offset set.
  static JobHead plan(const JobOrder& order) {
    const auto aligned = [](std::uint64_t at) {
      return (at + cache_line - 1) / cache_line * cache_line;
    };
    JobHead head;
    head.tiles = order.tiles;
    head.asked = order.asked();
    head.collects = order.collect;
    head.arguments = order.arguments.size();
    head.kernel_size = order.kernel.size();
    head.result_size = order.result_size;
    head.axes = order.axes;
    head.grid = order.grid;
    head.tile = order.tile;
    head.arguments_at = aligned(sizeof(JobHead));
    std::uint64_t at = head.arguments_at + head.arguments * sizeof(ArgumentRecord);
    for (const auto& argument : order.arguments) at += argument.segment->subject().size();
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

  /// Writes an order into memory of at least plan(order).bytes.
  void write(const JobOrder& order, const JobHead& head) const {
    new (start) JobHead(head);
    std::uint64_t place = head.arguments_at + head.arguments * sizeof(ArgumentRecord);
    for (std::size_t i = 0; i < order.arguments.size(); ++i) {
      const auto& subject = order.arguments[i].segment->subject();
      auto record = order.arguments[i].record;
      record.place_at = place;
      record.place_size = subject.size();
      std::memcpy(start + place, subject.data(), subject.size());
      place += subject.size();
      new (start + head.arguments_at + i * sizeof(ArgumentRecord)) ArgumentRecord(record);
    }
    std::memcpy(start + head.kernel_at, order.kernel.data(), order.kernel.size());
    // Tiles that are not asked for are done before anybody begins.
    std::memset(start + head.tile_bytes_at,
                static_cast<int>(order.only ? TileState::done : TileState::open), head.tiles);
    if (order.only)
      for (const auto tile : *order.only)
        start[head.tile_bytes_at + tile] = static_cast<std::byte>(TileState::open);
  }
};

/// One worker's turn at one job: what the typed code of kernel.hpp is given.
struct Turn {
  const Board& board;
  JobMemory memory;
  std::uint64_t job = 0;
  std::size_t self = 0;
  std::vector<std::byte*> data;  ///< of each argument, the section's first element in this process
  Schedule schedule;

  /// Marks a tile as started; false if it is not open, as in a later round. Killed from here to the
  /// tile's end(): its elements are unknown.
  bool begin(std::size_t tile) const noexcept {
    auto& state = memory.tile_bytes()[tile];
    if (state.load(std::memory_order_relaxed) != static_cast<std::uint8_t>(TileState::open))
      return false;
    state.store(static_cast<std::uint8_t>(TileState::started), std::memory_order_relaxed);
    return true;
  }
  /// Says what became of a tile. Release: pairs with the caller's acquire of its byte, elements and
  /// result with it.
  void end(std::size_t tile, TileState state) const noexcept {
    memory.tile_bytes()[tile].store(static_cast<std::uint8_t>(state), std::memory_order_release);
    if (state == TileState::done) board.slots()[self].tiles.fetch_add(1, std::memory_order_relaxed);
  }

  bool stopped() const noexcept { return board.head().stop.load(std::memory_order_relaxed) == job; }

  /// Tells that a tile's kernel threw; the job ends unless it collects such tiles.
  void threw(std::uint64_t tile, std::string_view text) const noexcept {
    board.head().failures.add(tile, Errc::kernel_failed, text);
    if (memory.head().collects == 0) board.stop(job);
  }
};

/// Serves tiles until none can be claimed. One instance of a template for each kernel.
using ServeFunction = void (*)(Turn&);

}  // namespace tessera::detail
