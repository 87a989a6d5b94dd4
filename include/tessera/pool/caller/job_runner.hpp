// Floor 4, pool/caller: runs one job: prepare, rounds, conclude.
//
// The thread that holds the pool's ticket lock uses it. After any failure the next job works,
// unless the keeper is gone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/credentials.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/cancel_token.hpp>
#include <tessera/pool/caller/job_buffer.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/caller/log_reader.hpp>
#include <tessera/pool/caller/outcome.hpp>
#include <tessera/pool/caller/retry.hpp>
#include <tessera/pool/caller/wait.hpp>
#include <tessera/pool/keeper/link.hpp>
#include <tessera/pool/report.hpp>
#include <tessera/pool/worker/context.hpp>

namespace tessera::detail {

class JobRunner {
 public:
  /// `keeper` is null if this process is the only worker. If `computes`, this process is the worker
  /// in slot 0.
  JobRunner(PoolMemory& pool, const KeeperLink* keeper, LogReader& log, WaitStrategy strategy,
            bool computes, bool user_may_change)
      : pool_(pool),
        board_(pool.board),
        keeper_(keeper),
        log_(log),
        computes_(computes),
        user_may_change_(user_may_change),
        wait_(board_, strategy) {
    report_.tiles_per_worker.resize(board_.workers().size());
  }

  /// Runs one job to its end and copies its results out. Throws JobError and Error.
  void run(const JobOrder& order, void* results) {
    const auto began = Clock::now();
    if (auto memory = prepare(order, began)) {
      CrashLoop crash_loop(order, deaths_so_far(board_));
      const auto outcome = run_rounds(order, *memory, crash_loop);
      log_.end_job();
      const auto ended = Clock::now();
      credentials_.job_ended(ended);
      report_.seconds = std::chrono::duration<double>(ended - began).count();
      report_.timeline = read_times(*memory, order, began);
      log_.rethrow();
      conclude(order, *memory, outcome, crash_loop, results);
    }
  }

  /// The report of the last job. Waits until every worker has left it, so that all counts are
  /// final.
  const Report& update_report() {
    try {
      wait_until_idle();
    } catch (const Error&) {
      // The workers are gone, and their counts are final.
    }
    // The workers count slabs. Each count is rounded so that the sum over all workers is right.
    std::size_t before = 0;
    for (std::size_t w = 0; w < report_.tiles_per_worker.size(); ++w) {
      const auto after = before + board_.workers()[w].tiles.load(std::memory_order_relaxed);
      report_.tiles_per_worker[w] = after / slabs_per_tile_ - before / slabs_per_tile_;
      before = after;
    }
    return report_;
  }

  /// Throws Error(pool_unusable) if kernels would run with a user or groups that this process no
  /// longer has.
  void check_user() const {
    if (keeper_ != nullptr && !user_may_change_ && credentials_.changed()) throw changed_user();
  }

  /// As CallerWait::wait. Only if there is a keeper.
  template <class Over>
  void wait_for_workers(Over&& over) const {
    wait_.wait(keeper_->process, over);
  }

  /// Removes the memory of jobs, with its name.
  void release_memory() { buffer_.release(); }

 private:
  using Clock = std::chrono::steady_clock;

  // Prepare.

  /// Writes the job where workers read it; nothing if it has no tile to compute. From here on the
  /// report is about the new job.
  std::optional<JobMemory> prepare(const JobOrder& order, Clock::time_point now) {
    if (keeper_ != nullptr && !user_may_change_ && credentials_.changed_by(now))
      throw changed_user();
    slabs_per_tile_ = order.slabs_per_tile;
    report_.tiles = order.wanted_user_tiles();
    report_.rerun_tiles = report_.workers_lost = 0;
    report_.seconds = 0;
    report_.timeline.clear();
    try {
      check_keeper(now);
      wait_until_idle();
    } catch (const Error&) {
      reset_counters();
      if (order.cancelled()) throw not_begun(order);  // the pool ends, and has cancelled the job
      throw;
    }
    reset_counters();
    if (order.wanted() == 0) return std::nullopt;
    board_.replies().failures.clear();
    retries_ = {};
    return keeper_ == nullptr ? buffer_.lay_out_here(order)
                              : buffer_.lay_out(order, board_.commands());
  }

  // Not for every job: the system call takes as long as a short job.
  void check_keeper(Clock::time_point now) {
    if (keeper_ == nullptr || now - keeper_seen_ < std::chrono::milliseconds(20)) return;
    if (keeper_->process.wait_ended(std::chrono::milliseconds(0))) throw CallerWait::keeper_gone();
    keeper_seen_ = now;
  }

  /// Waits until no worker is inside the last job.
  void wait_until_idle() {
    if (keeper_ != nullptr)
      wait_for_workers([&] {  // a worker may wait until it can print
        log_.read();
        return !board_.membership().anyone_inside(round_);
      });
  }

  void reset_counters() const {
    for (auto& slot : board_.workers())
      slot.tiles.store(0, std::memory_order_release);  // pairs with AsyncJob::progress
  }

  Error changed_user() const {
    return {Errc::pool_unusable, "TiledPool",
            "this process has changed its user or its groups since the pool was made (" +
                credentials_.describe() + "), and kernels would run with the old ones",
            "make the pool after the change, or allow it: PoolOptions::user_may_change"};
  }

  // Rounds.

  /// Runs rounds until all tiles are done, or until the rest can't be done.
  Outcome run_rounds(const JobOrder& order, JobMemory& memory, CrashLoop& crash_loop) {
    const TimeLimit limit(*this, order);
    StallDetector stall;
    for (;;) {
      Round round(board_.membership(), board_.ranges(), ++round_, memory.tile_bytes(), order.grain);
      run_round(round, memory, order, crash_loop);
      auto outcome = read_outcome(board_, round, order, crash_loop.deaths_before());
      if (outcome.complete()) return outcome;
      // over() reads the words one after the other, and a worker may have entered in between. What
      // is not done is final only when nobody is inside.
      wait_until_idle();
      outcome = read_outcome(board_, round, order, crash_loop.deaths_before());
      if (round.stopped() ||
          stall.stalled(outcome.open.size(), outcome.unknown.size(), outcome.lost_workers))
        return outcome;
      // First the tiles that nobody had started, as usual. Then the started ones, one by one.
      auto again = outcome.open;
      if (again.empty() && order.reruns) again = retries_.reopen(order, memory, outcome.unknown);
      if (again.empty()) return outcome;
      report_.rerun_tiles += order.as_user_tiles(std::move(again)).size();
    }
  }

  /// Runs one round: arms it, and returns when no tile is left that a worker could claim or finish.
  void run_round(Round& round, const JobMemory& memory, const JobOrder& order,
                 CrashLoop& crash_loop) {
    round.clear_false_stop();
    log_.begin_job(order.user_tiles());
    if (order.cancel && order.cancel->set_round(round.number())) round.stop();
    wait_.publish_core();
    struct Armed {  // whatever is thrown, nobody enters afterwards
      Round& round;
      ~Armed() { round.disarm(); }
    } const armed{round};
    round.arm();
    if (keeper_ != nullptr) board_.work_bell().ring();
    if (computes_) compute_share(round.number(), memory, order);
    if (keeper_ == nullptr) return;
    wait_.wait_for_job(
        keeper_->process, [&] { return round.all_ended(); },
        [&] {
          const bool killing = kill_expired(order, round.number());
          if (round.over()) return !killing;
          log_.read();
          if (order.cancelled() || log_.failed() || crash_loop.given_up(board_, memory))
            round.stop();
          return false;
        });
  }

  /// Computes tiles in this process, if it is a worker.
  void compute_share(std::uint64_t round, const JobMemory& memory, const JobOrder& order) {
    WorkerContext context(board_, memory, round, 0);
    context.in_caller = true;
    if (!pool_.outputs.empty()) context.between_tiles = [this] { log_.read(); };
    for (const auto& argument : order.arguments)
      context.add_argument(argument.data, *argument.segment, argument.writes());
    struct Running {  // its destructor also runs if a kernel ends this thread
      std::atomic<std::thread::id>& runner;
      ~Running() { runner.store({}); }
    } const running{pool_.runner};
    pool_.runner.store(std::this_thread::get_id());
    reinterpret_cast<ServeFunction>(reinterpret_cast<std::uintptr_t>(order.serve))(context);
  }

  /// Makes the keeper kill the workers inside this round, if nobody waits for the job any more.
  /// True until the keeper has done so. No later round may be armed before: a worker that has left
  /// for the next round must live.
  bool kill_expired(const JobOrder& order, std::uint64_t round) {
    if (!order.cancel || !order.cancel->expired()) return false;
    auto& expired = board_.commands().expired_round;
    if (std::exchange(killed_round_, round) != round) {
      expired.store(round);
      send(keeper_->channel, Message::kill);
    }
    return expired.load() == round;
  }

  /// As long as it lives, the keeper checks the tiles' time limit.
  struct TimeLimit {
    std::atomic<std::uint64_t>& timeout;
    TimeLimit(const JobRunner& runner, const JobOrder& order)
        : timeout(runner.board_.commands().tile_timeout) {
      if (runner.keeper_ == nullptr || order.tile_timeout == 0) return;
      timeout.store(order.tile_timeout);
      send(runner.keeper_->channel, Message::timeout);
    }
    ~TimeLimit() {
      if (timeout.load(std::memory_order_relaxed) != 0) timeout.store(0);
    }
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;
  };

  // Conclude.

  /// Copies the results out, or throws the JobError with the unfinished tiles.
  void conclude(const JobOrder& order, const JobMemory& memory, const Outcome& outcome,
                const CrashLoop& crash_loop, void* results) {
    report_.workers_lost = outcome.lost_workers;
    struct Released {  // after the results are copied
      JobBuffer& buffer;
      ~Released() { buffer.release_if_large(); }
    } const released{buffer_};
    if (!outcome.complete()) {
      restore_overrun(order);
      throw make_error(board_, order, outcome, crash_loop.describe());
    }
    if (results != nullptr) copy_results(memory, order, results);
  }

  /// Restores the bytes behind the job's arrays, if a worker could not attach one because a kernel
  /// has written over them, or somebody has cut them off. Only while nobody is inside.
  void restore_overrun(const JobOrder& order) const {
    for (const auto& record : board_.replies().failures.outside_tiles()) {
      if (record.text.find(written_behind) == std::string::npos) continue;
      for (const auto& argument : order.arguments)
        if (auto& segment = *argument.segment;
            argument.writes() && segment.is_whole() && !segment.intact())
          segment.restore();
    }
  }

  PoolMemory& pool_;
  const Board& board_;
  const KeeperLink* keeper_;
  LogReader& log_;
  bool computes_, user_may_change_;
  host::CredentialWatch credentials_;  // since the pool was made
  CallerWait wait_;
  JobBuffer buffer_;
  RetryCounter retries_;  // for the tiles of this job
  Report report_;
  std::size_t slabs_per_tile_ = 1;   // in the last job
  std::uint64_t round_ = 0;          // the number of the last round
  std::uint64_t killed_round_ = 0;   // the last that the keeper was asked to kill
  Clock::time_point keeper_seen_{};  // when the keeper was last seen alive
};

}  // namespace tessera::detail
