// Floor 4, pool/worker: what a worker does: sleep until a job is armed, attach what it names, serve
// tiles.
//
// A worker keeps its attachments from job to job, and lets go of an array whose name is gone: at
// its next job where the owner said so, else within a quarter of a second without work.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/host/cpus.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/process_state.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/wait.hpp>
#include <tessera/pool/worker/affinity.hpp>

namespace tessera::detail {

/// The caller's array of that name; where the name was removed while the caller has the array, by
/// way of the caller's own descriptor. Throws Error(name_missing) where it has none.
inline std::shared_ptr<Segment> attach_callers(const std::string& name, const Identity& identity,
                                               host::Access access, int caller) {
  const SegmentName checked(name);
  try {
    return Segment::attach(checked, access, {}, true);
  } catch (const Error& error) {
    if (error.errc() != Errc::name_missing) throw;
  }
  if (auto segment = Segment::of_process(caller, identity, checked, access)) return segment;
  throw Error(Errc::name_missing, name, "its name was removed while this job was to use it",
              "leave names in place while jobs use them; where systemd removed it, as the user "
              "logged out (RemoveIPC): loginctl enable-linger, or names in another folder: "
              "TESSERA_DIR");
}

/// Mappings that a worker keeps, found by identity and by device and inode.
class Attachments {
 public:
  /// Where argument `record` is mapped; attached now if it is not yet. Throws Error(replaced) if
  /// its name leads to another array than the caller's, whose process number `caller` is.
  Segment& find(const ArgumentRecord& record, std::string_view place, int caller) {
    for (const auto& kept : kept_)
      if (kept.segment->file_id() == record.file && kept.segment->identity() == record.identity &&
          (kept.access == host::Access::read_write || record.writes == 0))
        return *kept.segment;
    const auto access = record.writes != 0 ? host::Access::read_write : host::Access::read_only;
    const std::string where(place);
    auto segment = record.is_name != 0 ? attach_callers(where, record.identity, access, caller)
                                       : Segment::map_file(where, access);
    if (segment->file_id() == record.file && segment->identity() == Identity{} &&
        record.identity != Identity{})
      throw Error(Errc::kernel_failed, where, written_behind, how_to_find_overruns);
    if (segment->file_id() != record.file || segment->identity() != record.identity)
      throw Error(Errc::replaced, where,
                  "the name now leads to another array than the one this job was given",
                  "keep the array's owner, or the file, in place while jobs use it");
    kept_.push_back({std::move(segment), access});
    return *kept_.back().segment;
  }

  /// Lets go of arrays whose owner has said that it ends.
  void drop_ended() {
    std::erase_if(kept_, [](const Kept& kept) { return kept.segment->ended(); });
  }

  /// Lets go of everything that its name or path no longer leads to: ended, removed, reaped.
  void drop_nameless() {
    std::erase_if(kept_, [](const Kept& kept) {
      // Where nobody can replace a file that is mapped, files are kept for no longer either.
      return kept.segment->ended() ||
             (!host::names_outlive_processes && kept.segment->name().empty()) ||
             !host::leads_to(kept.segment->path(), kept.segment->file_id());
    });
  }

 private:
  struct Kept {
    std::shared_ptr<Segment> segment;
    host::Access access;
  };
  std::vector<Kept> kept_;
};

/// What kernels make of their worker's signal mask, folder, umask and locale is undone after their
/// job. To look for that costs as much as a small job. So a worker looks after the first jobs of
/// each kernel; after every job of one that has changed anything; whenever it has worked a hundred
/// times as long as a look takes; and before it sleeps. Never while the caller waits for it.
class Traces {
 public:
  Traces() { state_.restore(); }  // the first look is the slow one: not between two jobs

  /// The job's kernel, before its worker is told of the time that it worked.
  void of(const JobHead& job) {
    const Kernel kernel{job.serve, job.function};
    kernel_ = static_cast<std::size_t>(
        std::find_if(looks_.begin(), looks_.end(),
                     [&](const auto& known) { return known.first == kernel; }) -
        looks_.begin());
    if (kernel_ == looks_.size()) looks_.emplace_back(kernel, first_looks);
  }
  void worked(std::chrono::nanoseconds time) {
    unseen_ += time;
    const bool asks = kernel_ < looks_.size() && looks_[kernel_].second != 0;
    if (asks || unseen_ >= at_most_unseen) look();
  }
  /// Nothing is left of any kernel.
  void remove() {
    if (unseen_.count() != 0) look();
  }

 private:
  static constexpr unsigned first_looks = 16, always = static_cast<unsigned>(-1);
  static constexpr std::chrono::microseconds at_most_unseen{500};

  void look() {
    unseen_ = {};
    const bool changed = state_.restore();
    if (kernel_ >= looks_.size()) return;
    auto& left = looks_[kernel_].second;
    if (changed && left == 0)
      for (auto& [kernel, looks] : looks_) looks = always;  // it may have been any
    else if (changed)
      left = always;
    else if (left != 0 && left != always)
      --left;
  }

  using Kernel = std::pair<host::CodeAddress, host::CodeAddress>;

  host::ProcessState state_;
  std::vector<std::pair<Kernel, unsigned>> looks_;  // that are to be had, of each kernel
  std::size_t kernel_ = 0;
  std::chrono::nanoseconds unseen_{};  // worked since the last look
};

class Worker {
 public:
  /// One that `turns` looks for the next job a while before it sleeps: for pools that leave every
  /// worker a core.
  /// `modules` outlives it. `keeper` is the process whose child it is; 0: it need not look for
  /// that.
  Worker(const Board& board, std::size_t self, bool turns, Berth berth,
         const host::Modules& modules, int keeper = 0)
      : board_(board),
        crew_(board.crew()),
        self_(self),
        turns_(turns),
        berth_(std::move(berth)),
        modules_(modules),
        keeper_(keeper) {}

  /// The exit code of a worker that can't attach any more what it could before.
  static constexpr int cannot_attach = 4;

  /// Until the pool closes, or its keeper is gone: the kernel may have been told not to end it then
  /// (a changed user is enough).
  int run() {
    auto& head = board_.head();
    const auto work = board_.work(), news = board_.news();
    std::uint64_t left = 0;
    const auto called = [&] {
      const auto round = head.gate.job.load(std::memory_order_acquire);
      return (round != 0 && round != left) || head.closing.load() != 0;
    };
    const auto makes_way = [&] {
      return berth_.bound() &&
             head.caller_core.load(std::memory_order_relaxed) == host::this_core();
    };
    bool turn = false;
    while (head.closing.load() == 0) {
      if (turn) host::turn_until(std::chrono::microseconds(50), called, makes_way);
      turn = false;
      const auto epoch = work.epoch();
      if (!called()) {
        traces_.remove();
        constexpr std::chrono::milliseconds long_idle(200);
        const auto slept = Berth::Clock::now();
        work.wait(epoch, long_idle);
        if (keeper_ != 0 && host::parent_pid() != keeper_) return 0;
        if (work.epoch() == epoch && Berth::Clock::now() - slept > long_idle / 2) {
          // Written by another worker, all over the board: the caller would wait for ever.
          if (board_.worker_slots()[self_].inside.load() != 0) crew_.leave(self_);
          // And it may have left no more than a number that stood where this job's stands now.
          left = 0;
          attachments_.drop_nameless();
          if (memory_ && memory_->ended()) memory_.reset();
        }
        continue;
      }
      // From here to the end of its turn the caller touches nothing of the job, or has the keeper's
      // word that this worker died.
      const auto round = head.gate.job.load(std::memory_order_acquire);
      if (round == 0) continue;
      if (!crew_.enter(self_, round)) {
        news.ring();  // the caller may have seen it inside
        continue;
      }
      const auto began = Berth::Clock::now();
      serve(round);
      const auto ended = Berth::Clock::now();
      left = round;
      turn = turns_;
      crew_.leave(self_);
      // The last to leave; and of a job so long that the caller sleeps each, so that it is awake
      // when the last one leaves.
      if (ended - began > Habits::short_wait || !crew_.anyone_inside()) news.ring();
      traces_.worked(ended - began);
      if (berth_.worked(began, ended))
        board_.worker_slots()[self_].loose.store(berth_.bound() ? 0 : 1);
    }
    return 0;
  }

 private:
  // Attaches what the job names. What a kernel has done to this process (lowered a limit, changed
  // root or user, left descriptors open) may keep it from that for good: if it could before,
  // another takes its place and tries. What that can't either is told, and so is what another would
  // find too: the place leads to another array, or a kernel has written over what is there.
  Turn attached(std::uint64_t round) {
    try {
      const auto& head = board_.head();
      if (!memory_ || memory_->identity() != head.memory_identity) {
        const auto& given = head.memory_name;
        const std::string name(given.data(), ::strnlen(given.data(), given.size()));
        memory_ = attach_callers(name, head.memory_identity, host::Access::read_write, head.caller);
        if (memory_->identity() != head.memory_identity)
          throw Error(Errc::replaced, name, "the pool's own memory was replaced",
                      "let nobody remove the names of a running pool");
      }
      const JobMemory memory(memory_->data(), memory_->header().data_bytes());
      Turn turn(board_, memory, round, self_);
      turn.mark = &mark_;
      for (const auto& argument : memory.arguments()) {
        auto& segment = attachments_.find(argument, memory.place(argument), head.caller);
        turn.places.emplace_back(segment.data() - segment.header().data_offset + argument.offset,
                                 segment, argument.writes != 0);
      }
      has_attached_ = true;
      return turn;
    } catch (const Error& error) {
      if (has_attached_ && error.errc() != Errc::replaced && error.errc() != Errc::kernel_failed)
        host::leave(cannot_attach);
      throw;
    } catch (const std::exception&) {
      if (has_attached_) host::leave(cannot_attach);
      throw;
    }
  }

  void serve(std::uint64_t round) {
    attachments_.drop_ended();
    try {
      Turn turn = attached(round);
      const JobMemory& memory = turn.memory;
      if (memory.head().function != host::CodeAddress{})
        turn.function = resolve(memory.head().function);
      traces_.of(memory.head());
      reinterpret_cast<ServeFunction>(resolve(memory.head().serve))(turn);
    } catch (const Error& error) {
      board_.fail(round, no_tile, error.errc(), error.what());
    } catch (const std::exception& failure) {
      board_.fail(round, no_tile, Errc::system, failure.what());
    }
  }

  // A handful of kernels, asked for again and again.
  void* resolve(const host::CodeAddress& code) {
    for (const auto& [known, function] : functions_)
      if (known == code) return function;
    void* const function = modules_.resolve(code);
    if (function == nullptr)
      throw Error(Errc::foreign_kernel, "kernel",
                  "its code is in a library that the workers do not have, or have in another build",
                  "load the library before the pool is made; for StartMethod::spawn, before "
                  "run_as_worker()");
    functions_.emplace_back(code, function);
    return function;
  }

  Board board_;
  Crew crew_;
  std::size_t self_;
  bool turns_;
  Berth berth_;
  const host::Modules& modules_;
  int keeper_;
  host::ForkMark mark_{"TiledPool"};
  bool has_attached_ = false;
  Attachments attachments_;
  std::shared_ptr<Segment> memory_;
  std::vector<std::pair<host::CodeAddress, void*>> functions_;
  Traces traces_;
};

}  // namespace tessera::detail
