// Floor 4, pool/board: the memory that caller, keeper and workers share as long as the pool lives.
//
// It has no name, since keeper and workers inherit it: doorbells, the gate of round.hpp, a place
// and a range for each worker. What belongs to one job stands in memory of its own: job_memory.hpp.
// The caller rings `work` when it has armed a round; workers that leave it and the keeper ring
// `news`. Rings are hints: whoever wakes looks at the words themselves.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include <tessera/host/children.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/pool/board/failure_log.hpp>
#include <tessera/pool/board/job_memory.hpp>
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/board/tile_clock.hpp>

namespace tessera::detail {

inline constexpr std::size_t max_workers = host::most_children;

struct BoardHead {
  // What a worker looks at when a round is armed: one line.
  alignas(cache_line) Gate gate;
  std::atomic<std::uint32_t> closing{0};        ///< the pool ends
  std::atomic<std::int32_t> caller_core{-1};    ///< where the caller's thread ran last; -1: unknown
  std::atomic<std::uint64_t> tile_deadline{0};  ///< of the armed job, nanoseconds; 0: no limit
  Identity memory_identity{};  ///< of the armed job's memory; written while nobody is inside
  alignas(cache_line) host::DoorbellWords work;  ///< the caller rings, workers sleep on it
  std::atomic<std::uint32_t> answered{0};        ///< the program that was started again did
  std::atomic<std::uint64_t> condemned{
      0};  ///< the round whose workers the keeper is to kill; 0: it has
  alignas(cache_line) host::DoorbellWords news;  ///< workers and keeper ring, the caller sleeps
  alignas(cache_line) std::array<char, SegmentName::max_length + 1> memory_name{};
  std::int32_t caller = 0;  ///< its process number; written before there are workers
  FailureLog failures;      ///< of the armed job, all its rounds
};

/// What wakes who sleeps on the board's doorbells, in one process.
struct Wakers {
  host::Waker work, news;
};

/// The board in a segment's bytes, as one process has it.
class Board {
 public:
  static std::size_t bytes(std::size_t workers) {
    return sizeof(BoardHead) + workers * (sizeof(WorkerSlot) + sizeof(Range) + sizeof(TileClock)) +
           cache_line;
  }
  /// Makes a board in zeroed memory.
  Board(std::byte* memory, std::size_t workers, const Wakers& wakers)
      : Board(at(memory, workers, wakers)) {
    new (head_) BoardHead;
    for (auto& slot : slots_) new (&slot) WorkerSlot;
    for (auto& clock : clocks_) new (&clock) TileClock;
    for (auto& range : ranges_) new (&range) Range;
  }
  /// The board that was made in this memory, by whatever process.
  static Board at(std::byte* memory, std::size_t workers, const Wakers& wakers) {
    void* from = memory;
    std::size_t room = bytes(workers);
    auto* const begin =
        static_cast<std::byte*>(std::align(cache_line, room - cache_line, from, room));
    Board out;
    out.wakers_ = wakers;
    out.head_ = reinterpret_cast<BoardHead*>(begin);
    out.slots_ = {reinterpret_cast<WorkerSlot*>(begin + sizeof(BoardHead)), workers};
    out.ranges_ = {reinterpret_cast<Range*>(out.slots_.data() + workers), workers};
    out.clocks_ = {reinterpret_cast<TileClock*>(out.ranges_.data() + workers), workers};
    return out;
  }

  BoardHead& head() const noexcept { return *head_; }
  host::Bell work() const noexcept { return {head_->work, wakers_.work}; }
  host::Bell news() const noexcept { return {head_->news, wakers_.news}; }
  const Wakers& wakers() const noexcept { return wakers_; }
  std::span<WorkerSlot> worker_slots() const noexcept { return slots_; }
  std::span<TileClock> clocks() const noexcept { return clocks_; }
  Crew crew() const noexcept { return {head_->gate, slots_, ranges_}; }

  /// Records a failure and stops the round.
  void fail(std::uint64_t round, std::uint64_t tile, Errc code,
            std::string_view text) const noexcept {
    head_->failures.add(tile, code, text);
    crew().stop(round);
  }

 private:
  Board() = default;

  BoardHead* head_ = nullptr;
  Wakers wakers_;
  std::span<WorkerSlot> slots_;
  std::span<Range> ranges_;
  std::span<TileClock> clocks_;
};

/// Where an argument is in one process.
struct Place {
  std::byte* data;         ///< the section's first element
  std::byte *begin, *end;  ///< its array's elements
  Segment* written;        ///< its array, if the job writes it
  Place(std::byte* first, Segment& segment, bool writes)
      : data(first),
        begin(segment.data()),
        end(begin + segment.header().data_bytes()),
        written(writes ? &segment : nullptr) {}
};

/// One worker's turn at one round: what the typed code of serve.hpp is given.
struct Turn {
  const Board& board;
  JobMemory memory;
  std::size_t self = 0;
  Round round;
  void* function = nullptr;  ///< in this process, what a kernel that is a pointer points to
  bool in_caller = false;    ///< the caller's own share: no worker process
  const host::ForkMark* mark = nullptr;  ///< of the worker process
  std::vector<Place> places;             ///< of each argument

  Turn(const Board& its_board, const JobMemory& its_memory, std::uint64_t number,
       std::size_t worker)
      : board(its_board),
        memory(its_memory),
        self(worker),
        round(its_board.crew(), number, its_memory.tile_bytes(), its_memory.head().grain) {
    places.reserve(memory.head().arguments);
  }

  /// Tells that a tile's kernel threw; the round ends unless its job collects such tiles.
  void threw(std::uint64_t tile, std::string_view text) const noexcept {
    board.head().failures.add(tile, Errc::kernel_failed, text);
    if (memory.head().collects == 0) round.stop();
  }

  /// True if somebody has written behind the end of an array that the job writes: told of with the
  /// tile that ended just now, and put back. Another worker's tile may have done it at that moment.
  bool overrun(std::uint64_t tile) const {
    for (const auto& place : places) {
      if (place.written == nullptr || place.written->intact()) continue;
      place.written->restore();
      std::string text = "array '";
      text.append(place.written->subject()).append("': ").append(written_behind);
      threw(tile, text.append("; ").append(how_to_find_overruns));
      return true;
    }
    return false;
  }
};

/// Serves tiles until none can be claimed. One instance of a template for each kernel.
using ServeFunction = void (*)(Turn&);

}  // namespace tessera::detail
