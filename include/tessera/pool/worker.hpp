// Floor 3, pool: what a worker does: sleep until a job is armed, attach what it names, serve tiles.
//
// A worker keeps its attachments from job to job, and lets go of an array whose name is gone: at
// its next job where the owner said so, else within a quarter of a second without work.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <tessera/host/process.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/job_board.hpp>

namespace tessera::detail {

/// Mappings that a worker keeps, found by identity and by device and inode.
class Attachments {
 public:
  /// Where argument `record` is mapped; attached now if it is not yet. Throws Error(replaced) if
  /// its name leads to another array than the caller's.
  std::shared_ptr<Segment> find(const ArgumentRecord& record, std::string_view place) {
    for (const auto& kept : kept_)
      if (kept.segment->file_id() == record.file && kept.segment->identity() == record.identity &&
          (kept.access == host::Access::read_write || record.writes == 0))
        return kept.segment;
    const auto access = record.writes != 0 ? host::Access::read_write : host::Access::read_only;
    const std::string where(place);
    auto segment = record.is_name != 0 ? Segment::attach(SegmentName(where), access, {}, true)
                                       : Segment::map_file(where, access);
    if (segment->file_id() != record.file || segment->identity() != record.identity)
      throw Error(Errc::replaced, where,
                  "the name now leads to another array than the one this job was given",
                  "keep the array's owner, or the file, in place while jobs use it");
    kept_.push_back({segment, access});
    return segment;
  }

  /// Lets go of arrays whose owner has said that it ends.
  void drop_ended() {
    std::erase_if(kept_, [](const Kept& kept) { return kept.segment->ended(); });
  }

  /// Lets go of everything that its name or path no longer leads to: ended, removed, reaped.
  void drop_nameless() {
    std::erase_if(kept_, [](const Kept& kept) {
      return kept.segment->ended() ||
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

class Worker {
 public:
  Worker(const Board& board, std::size_t self, int spins)
      : board_(board), self_(self), spins_(spins) {}

  /// Until the pool closes.
  int run() {
    auto& head = board_.head();
    auto& slot = board_.slots()[self_];
    std::uint64_t left = 0;
    int spins = 0;
    while (head.closing.load() == 0) {
      const auto epoch = head.work.epoch();
      const auto job = head.job.load(std::memory_order_acquire);
      if (job == 0 || job == left) {
        head.work.wait(epoch, std::chrono::milliseconds(200), spins);
        spins = 0;
        if (head.work.epoch() == epoch) {
          attachments_.drop_nameless();
          if (memory_ && memory_->ended()) memory_.reset();
        }
        continue;
      }
      // From here to `inside = 0` the caller waits for this worker, or for the keeper's word that
      // it died.
      slot.inside.store(job, std::memory_order_seq_cst);
      if (head.job.load(std::memory_order_seq_cst) == job) {
        serve(job);
        left = job;
        spins = spins_;
      }
      slot.inside.store(0, std::memory_order_seq_cst);  // releases this worker's tiles, too
      // The last to leave: a caller that were woken before would take a worker's core for nothing.
      if (!board_.anyone_inside()) head.news.ring();
    }
    return 0;
  }

 private:
  void serve(std::uint64_t job) {
    attachments_.drop_ended();
    try {
      const auto& head = board_.head();
      if (!memory_ || memory_->identity() != head.memory_identity) {
        const std::string name = head.memory_name.data();
        memory_ = Segment::attach(SegmentName(name), host::Access::read_write, {}, true);
        if (memory_->identity() != head.memory_identity)
          throw Error(Errc::replaced, name, "the pool's own memory was replaced",
                      "let nobody remove the names of a running pool");
      }
      const JobMemory memory{memory_->data()};
      std::vector<std::shared_ptr<Segment>> held;
      Turn turn{board_, memory, job,
                self_,  {},     Schedule(board_.ranges(), job, memory.head().tiles)};
      for (const auto& argument : memory.arguments()) {
        const auto& segment =
            *held.emplace_back(attachments_.find(argument, memory.place(argument)));
        turn.data.push_back(segment.data() - segment.header().data_offset + argument.offset);
      }
      void* const function = resolve(memory.head().serve);
      if (function == nullptr)
        throw Error(Errc::foreign_kernel, "kernel",
                    "its code is in a library that the workers do not have",
                    "load the library before the pool is made");
      reinterpret_cast<ServeFunction>(function)(turn);
    } catch (const Error& error) {
      board_.fail(job, no_tile, error.errc(), error.what());
    } catch (const std::exception& failure) {
      board_.fail(job, no_tile, Errc::system, failure.what());
    }
    // What kernels print for their authors; nothing else is this process's to flush.
    std::fflush(stdout);
  }

  // A handful of kernels, asked for again and again.
  void* resolve(const host::CodeAddress& code) {
    for (const auto& [known, function] : functions_)
      if (known == code) return function;
    functions_.emplace_back(code, host::resolve(code));
    return functions_.back().second;
  }

  Board board_;
  std::size_t self_;
  int spins_;
  Attachments attachments_;
  std::shared_ptr<Segment> memory_;
  std::vector<std::pair<host::CodeAddress, void*>> functions_;
};

}  // namespace tessera::detail
