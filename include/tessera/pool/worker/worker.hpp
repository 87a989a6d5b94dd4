// Floor 4, pool/worker: a worker process. It sleeps until a round is armed, attaches the job's
// arrays and computes tiles.
//
// A worker keeps its attachments from job to job. It unmaps an array whose name is gone: before its
// next job if the owner recorded its end, otherwise after up to a quarter of a second without work.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/code_address.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/host/output_pipe.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/protection.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/worker/affinity.hpp>
#include <tessera/pool/worker/attachments.hpp>
#include <tessera/pool/worker/context.hpp>
#include <tessera/pool/worker/state_restorer.hpp>

namespace tessera::detail {

class Worker {
 public:
  /// The worker in slot `self`. If `spins`, it spins for a while after a job before it sleeps: for
  /// pools that leave a core to every worker. `modules`, and `output` if any, must outlive the
  /// worker. `keeper` is its parent process; 0: it does not check whether the keeper lives.
  Worker(const Board& board, std::size_t self, bool spins, Affinity affinity,
         const host::Modules& modules, int keeper = 0, const host::OutputPipe* output = nullptr)
      : board_(board),
        self_(self),
        spins_(spins),
        affinity_(std::move(affinity)),
        modules_(modules),
        keeper_(keeper),
        output_(output) {}

  /// Exit code of a worker that can no longer attach what it attached before.
  static constexpr int cannot_attach = 4;

  /// Works until the pool closes or the keeper is gone. The kernel's parent-death signal alone is
  /// not enough: it is lost if this process has changed its user.
  int run() {
    auto& commands = board_.commands();
    while (commands.closing.load() == 0) {
      spin();
      if (!called()) {
        if (!sleep()) return 0;
        continue;
      }
      const auto round = commands.gate.round.load(std::memory_order_acquire);
      if (round != 0) work(round);
    }
    return 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// True if a round is armed that this worker has not done yet, or the pool closes.
  bool called() const noexcept {
    const auto& commands = board_.commands();
    const auto round = commands.gate.round.load(std::memory_order_acquire);
    return (round != 0 && round != left_) || commands.closing.load() != 0;
  }

  /// Spins after a job, since the next one often follows at once.
  void spin() {
    const auto caller_needs_core = [this] {
      return affinity_.pinned() &&
             board_.commands().caller_core.load(std::memory_order_relaxed) == host::this_core();
    };
    if (std::exchange(just_worked_, false) && spins_)
      host::spin_until(
          std::chrono::microseconds(50), [this] { return called(); }, caller_needs_core);
  }

  /// Sleeps until the work bell rings, or 200 ms. False if the keeper has ended.
  bool sleep() {
    constexpr std::chrono::milliseconds long_idle(200);
    const auto bell = board_.work_bell();
    const auto epoch = bell.epoch();
    if (called()) return true;
    restorer_.restore();
    const auto slept = Clock::now();
    bell.wait(epoch, long_idle);
    if (keeper_ != 0 && host::parent_pid() != keeper_) return false;
    if (bell.epoch() == epoch && Clock::now() - slept > long_idle / 2) {
      // Another worker's kernel has written over this word. The caller would wait for ever.
      if (board_.workers()[self_].inside.load() != 0) board_.membership().leave(self_);
      attachments_.drop_nameless();
      if (memory_ && memory_->ended()) memory_.reset();
    }
    return true;
  }

  /// Works on one round. While this worker is inside, the caller does not change the job.
  void work(std::uint64_t round) {
    const auto membership = board_.membership();
    const auto done_bell = board_.done_bell();
    if (!membership.enter(self_, round)) {
      done_bell.ring();  // the caller may have seen this worker inside
      return;
    }
    const auto began = Clock::now();
    serve(round);
    const auto ended = Clock::now();
    left_ = round;
    just_worked_ = true;
    membership.leave(self_);
    // The last worker to leave rings. After a job so long that the caller sleeps, every worker
    // rings, so that the caller is awake when the last one leaves.
    if (ended - began > long_job || !membership.anyone_inside()) done_bell.ring();
    restorer_.worked(ended - began);
    if (affinity_.worked(began, ended))
      board_.workers()[self_].unpinned.store(affinity_.pinned() ? 0 : 1);
  }

  void serve(std::uint64_t round) {
    attachments_.drop_ended();
    try {
      auto context = attach(round);
      const auto& head = context.memory.head();
      if (head.function != host::CodeAddress{}) context.function = resolve(head.function);
      restorer_.set_kernel(head);
      reinterpret_cast<ServeFunction>(resolve(head.serve))(context);
    } catch (const Error& error) {
      board_.fail(round, error.errc(), error.what());
    } catch (const std::exception& failure) {
      board_.fail(round, Errc::system, failure.what());
    }
  }

  /// Attaches the arrays of the job. An earlier kernel of this process may have made that
  /// impossible for good: it lowered a limit, changed root or user, left descriptors open. So a
  /// worker that could attach before ends, and its successor tries. Other errors are reported: a
  /// first failure, and errors that a successor would meet too (the name leads to another array; a
  /// kernel has written over it).
  WorkerContext attach(std::uint64_t round) {
    try {
      const auto caller = board_.commands().caller_pid;
      const JobMemory memory(job_memory().data());
      WorkerContext context(board_, memory, round, self_);
      context.fork_mark = &fork_mark_;
      if (output_ != nullptr && output_->intact()) context.output = output_;
      for (const auto& argument : memory.arguments()) {
        auto& segment = attachments_.find(argument, memory.path(argument), caller);
        context.add_argument(segment.data() - segment.header().data_offset + argument.offset,
                             segment, argument.writes != 0);
      }
      has_attached_ = true;
      return context;
    } catch (const Error& error) {
      if (has_attached_ && error.errc() != Errc::replaced && error.errc() != Errc::kernel_failed)
        host::leave(cannot_attach);
      throw;
    } catch (const std::exception&) {
      if (has_attached_) host::leave(cannot_attach);
      throw;
    }
  }

  /// The armed job's memory. This process can write only its tile bytes and results.
  Segment& job_memory() {
    const auto& commands = board_.commands();
    if (memory_ && memory_->identity() == commands.memory_identity) return *memory_;
    const std::string name(commands.memory_name.data());
    memory_ = attach_callers(name, commands.memory_identity, host::Access::read_write,
                             commands.caller_pid);
    if (memory_->identity() != commands.memory_identity)
      throw Error(Errc::replaced, name, "the pool's own memory was replaced",
                  "let nobody remove the names of a running pool");
    const auto [begin, end] = commands.memory_writable;
    memory_->protect_outside(begin, end);
    return *memory_;
  }

  /// The function of the program at `code`, in this process. A pool has few kernels and a look-up
  /// is slow, so the results are kept.
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
  std::size_t self_;
  bool spins_;
  bool just_worked_ = false;
  std::uint64_t left_ = 0;  // the last round that it was inside
  Affinity affinity_;
  const host::Modules& modules_;
  int keeper_;
  const host::OutputPipe* output_;  // null: it prints where the caller prints
  host::ForkMark fork_mark_{"TiledPool"};
  bool has_attached_ = false;
  Attachments attachments_;
  std::shared_ptr<Segment> memory_;  // of the armed or the last job
  std::vector<std::pair<host::CodeAddress, void*>> functions_;
  StateRestorer restorer_;
};

}  // namespace tessera::detail
