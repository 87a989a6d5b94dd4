// Floor 4, pool/board: the memory that caller, keeper and workers share as long as the pool lives.
//
// It has no name: keeper and workers inherit it. Each job has memory of its own: job_memory.hpp.
//
// The first pages hold what only caller and keeper write. Workers make these pages read-only for
// themselves: a kernel that writes over them dies by SIGSEGV, so nobody has to check these words.
// The pages after them hold what workers write. A kernel can write anything there, so readers must
// check what they read.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/children.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/output_pipe.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/protection.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/pool/board/failure_log.hpp>
#include <tessera/pool/board/membership.hpp>
#include <tessera/pool/board/schedule.hpp>
#include <tessera/pool/board/setup_report.hpp>
#include <tessera/pool/board/tile_clock.hpp>

namespace tessera::detail {

inline constexpr std::size_t max_workers = host::most_children;

/// The bytes of a job's memory that workers may write, counted from the start of its mapping.
struct WritableBytes {
  std::uint64_t begin = 0, end = 0;  ///< both at a page boundary
};

/// Written by caller and keeper, read by workers.
struct Commands {
  Gate gate;
  std::atomic<std::uint32_t> closing{0};  ///< 1: the pool ends
  /// The core on which the caller's thread ran last; -1: unknown.
  std::atomic<std::int32_t> caller_core{-1};
  std::atomic<std::uint64_t> tile_timeout{0};  ///< of the armed job, nanoseconds; 0: no limit
  /// The keeper kills workers that are inside this round, and then sets it to 0.
  std::atomic<std::uint64_t> expired_round{0};
  // Where the armed job's memory is. Written while nobody is inside.
  std::array<char, SegmentName::max_length + 1> memory_name{};
  Identity memory_identity{};
  WritableBytes memory_writable;
  std::int32_t caller_pid = 0;  ///< written before any worker starts
};

/// Written by workers, besides their slots.
struct Replies {
  Stop stops;
  alignas(cache_line) host::DoorbellWords work_bell;  ///< the caller rings, workers sleep on it
  std::atomic<std::uint32_t> handshake_done{0};       ///< 1: the started program has answered
  /// Workers and keeper ring, the caller sleeps on it.
  alignas(cache_line) host::DoorbellWords done_bell;
  FailureLog failures;  ///< of all rounds of the armed job
};

/// This process's handles of what wakes sleepers on the board's doorbells.
struct Wakers {
  host::Waker work, done;
};

/// The board, as one process has mapped it.
class Board {
 public:
  static std::size_t bytes(std::size_t workers) {
    return protected_bytes(workers) + sizeof(Replies) +
           workers * (sizeof(WorkerSlot) + sizeof(Range) + sizeof(TileClock) + sizeof(SetupReport));
  }
  /// Makes a board in zeroed memory that begins at a page boundary.
  Board(std::byte* memory, std::size_t workers, const Wakers& wakers)
      : Board(at(memory, workers, wakers)) {
    new (commands_) Commands;
    new (replies_) Replies;
    for (auto& slot : processes_) new (&slot) ProcessSlot;
    for (auto& slot : workers_) new (&slot) WorkerSlot;
    for (auto& range : ranges_) new (&range) Range;
    for (auto& clock : clocks_) new (&clock) TileClock;
    for (auto& setup : setups_) new (&setup) SetupReport;
  }
  /// The board that another process, or this one, has made in this memory.
  static Board at(std::byte* memory, std::size_t workers, const Wakers& wakers) {
    Board out;
    out.wakers_ = wakers;
    out.commands_ = reinterpret_cast<Commands*>(memory);
    out.processes_ = {reinterpret_cast<ProcessSlot*>(memory + sizeof(Commands)), workers};
    out.replies_ = reinterpret_cast<Replies*>(memory + protected_bytes(workers));
    out.workers_ = {reinterpret_cast<WorkerSlot*>(out.replies_ + 1), workers};
    out.ranges_ = {reinterpret_cast<Range*>(out.workers_.data() + workers), workers};
    out.clocks_ = {reinterpret_cast<TileClock*>(out.ranges_.data() + workers), workers};
    out.setups_ = {reinterpret_cast<SetupReport*>(out.clocks_.data() + workers), workers};
    return out;
  }

  /// For a worker: makes what caller and keeper write read-only in this process. Throws
  /// Error(system).
  void protect() const {
    host::protect(reinterpret_cast<std::byte*>(commands_), protected_bytes(workers_.size()),
                  "TiledPool");
  }

  Commands& commands() const noexcept { return *commands_; }
  Replies& replies() const noexcept { return *replies_; }
  host::Bell work_bell() const noexcept { return {replies_->work_bell, wakers_.work}; }
  host::Bell done_bell() const noexcept { return {replies_->done_bell, wakers_.done}; }
  const Wakers& wakers() const noexcept { return wakers_; }
  std::span<ProcessSlot> processes() const noexcept { return processes_; }
  std::span<WorkerSlot> workers() const noexcept { return workers_; }
  std::span<Range> ranges() const noexcept { return ranges_; }
  std::span<TileClock> clocks() const noexcept { return clocks_; }
  std::span<SetupReport> setups() const noexcept { return setups_; }
  Membership membership() const noexcept {
    return {commands_->gate, replies_->stops, processes_, workers_};
  }

  /// Records a failure outside any tile and stops the round.
  void fail(std::uint64_t round, Errc code, std::string_view text) const noexcept {
    replies_->failures.add(no_tile, code, text);
    membership().stop(round);
  }

 private:
  Board() = default;
  static std::size_t protected_bytes(std::size_t workers) {
    return host::whole_pages(sizeof(Commands) + workers * sizeof(ProcessSlot), host::page_size());
  }

  Commands* commands_ = nullptr;
  Replies* replies_ = nullptr;
  Wakers wakers_;
  std::span<ProcessSlot> processes_;
  std::span<WorkerSlot> workers_;
  std::span<Range> ranges_;
  std::span<TileClock> clocks_;
  std::span<SetupReport> setups_;
};
static_assert(sizeof(Commands) % cache_line == 0 && sizeof(Replies) % cache_line == 0);

/// The board's memory, and what jobs still read that outlive their pool. Made in the process that
/// owns the pool.
struct PoolMemory {
  /// The memory has no name, so nothing is left if the process dies before the keeper watches it.
  /// `sent`: the memory is a file, which a keeper that is not forked gets.
  /// `prints`: workers print into pipes, which the caller reads.
  explicit PoolMemory(std::size_t workers, bool sent = false, bool prints = false)
      : file(sent ? host::nameless_file(Board::bytes(workers), "TiledPool") : host::Descriptor()),
        mapping(
            sent ? host::Mapping(file, host::Access::read_write, Board::bytes(workers), "TiledPool")
                 : host::Mapping::anonymous(Board::bytes(workers), "TiledPool")),
        board(mapping.data(), workers,
              {host::Waker::made("TiledPool"), host::Waker::made("TiledPool")}) {
    host::segment_folder();  // read now, so that keeper and workers have the same one
    // A user may have 64 MiB in pipes; what is more is refused to all programs.
    const auto each = std::clamp<std::size_t>((std::size_t{8} << 20) / workers, 65536, 1 << 20);
    for (std::size_t w = 0; prints && w < workers; ++w)
      outputs.push_back(host::OutputPipe::made("TiledPool", each));
  }

  /// True in a child that was forked from the process that owns the pool.
  bool inherited() const noexcept { return generation != host::fork_generation(); }
  void check_process() const {
    if (inherited())
      throw Error(Errc::pool_unusable, "TiledPool",
                  "it belongs to the parent of this forked process",
                  "make a pool of its own in the child");
  }
  /// True if the calling thread runs a kernel of this pool, in the caller's share.
  bool in_kernel() const noexcept { return runner.load() == std::this_thread::get_id(); }

  std::uint64_t generation = host::fork_generation();
  host::Descriptor file;  ///< the memory's file, until a started keeper has it
  host::Mapping mapping;
  Board board;
  std::vector<host::OutputPipe> outputs;  ///< one for each worker, or none
  std::atomic<std::thread::id> runner{};  ///< the thread that runs a kernel in this process
};

}  // namespace tessera::detail
