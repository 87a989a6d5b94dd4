// Floor 4, pool/caller: what the caller does: lay a job out, arm it, sleep, see what became of its
// tiles.
//
// One job at a time, in order of submission, from any thread: a thread that waits for its results
// runs its job itself, jobs without waiting are run by the dispatcher's thread. After any failure
// the next job works, except that the keeper is gone.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/children.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/credentials.hpp>
#include <tessera/host/process.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/job_buffer.hpp>
#include <tessera/pool/caller/job_queue.hpp>
#include <tessera/pool/caller/outcome.hpp>
#include <tessera/pool/caller/ticket_lock.hpp>
#include <tessera/pool/caller/wait.hpp>
#include <tessera/pool/keeper/start.hpp>
#include <tessera/pool/options.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

/// Where workers run, and how they and the caller wait for each other.
struct Layout {
  std::vector<int> cores;  ///< each worker's own, if there are as many as may be used; else none
  bool turns = false;      ///< workers turn before they sleep: while none does in another's place
  Watch::Manner manner = Watch::Manner::sleep;

  Layout(std::size_t workers, const PoolOptions& options) {
    const auto usable = host::usable_cores();
    if (auto allowed = host::allowed_cores();
        options.pin && workers > 1 && workers == usable && workers == allowed.size())
      cores = std::move(allowed);
    turns = workers <= usable && usable > 1;
    if (options.caller_computes || workers < usable)
      manner = Watch::Manner::turn;
    else if (host::binding_is_strict && !cores.empty())
      manner = Watch::Manner::yield;
  }
};

class Caller {
 public:
  /// Starts a keeper and its workers; none where this process is the only worker.
  Caller(std::size_t workers, const PoolOptions& options)
      : computes_(options.caller_computes),
        spawns_(options.start_method == StartMethod::spawn && workers > (computes_ ? 1u : 0u)),
        premises_(std::make_shared<Premises>(workers, spawns_)),
        user_may_change_(options.user_may_change),
        layout_(workers, options),
        watch_(*board_, layout_.manner) {
    report_.tiles_per_worker.resize(workers);
    if (options.reap_orphans) remove_some_orphans();
    const std::size_t first = computes_ ? 1 : 0;  // whose place a process of its own has
    if (workers == first) return;
    refuse_in_started_program();
    board_->head().caller = host::own_pid();
    const KeeperPlan plan{first, layout_.cores, layout_.turns};
    auto link = spawns_ ? start_again(premises_, plan)
                        : fork_keeper(*board_, plan,
                                      options.start_method == StartMethod::fork_with_threads);
    channel_ = std::move(link.channel);
    keeper_.emplace(std::move(link.process));
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  ~Caller() {
    if (premises_->inherited()) {
      // The thread is not in this process, and what it was changing may be half changed.
      static_cast<void>(dispatcher_.release());
      return;
    }
    if (dispatcher_) dispatcher_->cancel_all();
    if (keeper_) {
      closes_.store(true);
      board_->head().closing.store(1);
      board_->work().ring();
      channel_.send(Keeper::word_of_end);
      if (!workers_end(std::chrono::milliseconds(5000))) end_keeper();
    }
    dispatcher_.reset();  // its last job has ended, or its workers have been
    room_.release();
    if (keeper_) {
      // Killed before this line: the keeper removes what is left.
      channel_.send(Keeper::word_of_end);
      if (!keeper_->wait_ended(std::chrono::milliseconds(5000))) end_keeper();
      keeper_->reap();
    }
  }

  std::size_t workers() const noexcept { return board_->worker_slots().size(); }
  bool in_caller() const noexcept { return !keeper_; }
  /// True if workers have modules at other places than this process.
  bool spawns() const noexcept { return spawns_; }

  std::vector<int> worker_pids() const {
    std::vector<int> out;
    for (const auto& slot : board_->worker_slots())
      if (const int pid = slot.pid.load(); pid != 0) out.push_back(pid);
    return out;
  }

  /// Of the last job; waits for one that runs.
  Report report() {
    check_use();
    const Turnstile::Pass pass(turnstile_);
    return counted();
  }

  /// What jobs that outlive the pool still look at.
  const std::shared_ptr<Premises>& premises() const noexcept { return premises_; }

  /// Runs one job to its end and copies its results out. Throws JobError and Error.
  void run(const JobOrder& order, void* results) {
    check_use();
    const Turnstile::Pass pass(turnstile_);
    run_in_turn(order, results);
  }

  /// Has a job run in its turn, while this thread goes on. Throws Error for what is known before.
  void submit(const std::shared_ptr<AsyncJob>& job) {
    check_use();
    JobMemory::plan(job->order);
    if (!in_caller()) {
      if (!user_may_change_ && credentials_.changed()) throw changed_user();
      code_of(job->order.serve);
      if (job->order.function != nullptr) code_of(job->order.function);
      if (keeper_->wait_ended(std::chrono::milliseconds(0))) throw Watch::keeper_gone();
    }
    const std::lock_guard lock(making_dispatcher_);
    if (!dispatcher_)
      dispatcher_ = std::make_unique<Dispatcher>(turnstile_, [this](AsyncJob& its) {
        auto error = attempt(its);
        its.end(std::move(error), counted());
      });
    dispatcher_->submit(job);
  }

 private:
  // True once there are none, or no keeper.
  bool workers_end(std::chrono::milliseconds at_most) const noexcept {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    const auto news = board_->news();
    const auto lives = [](const WorkerSlot& slot) { return slot.pid.load() != 0; };
    for (;;) {
      const auto epoch = news.epoch();
      const auto worker_slots = board_->worker_slots();
      if (std::none_of(worker_slots.begin(), worker_slots.end(), lives) ||
          keeper_->wait_ended(std::chrono::milliseconds(0)))
        return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      news.wait(epoch, std::chrono::milliseconds(20));
    }
  }
  void end_keeper() const {
    keeper_->kill();  // the kernel ends the workers with it
    keeper_->wait_ended(std::chrono::milliseconds(1000));
  }

  void check_use() const {
    if (premises_->in_kernel())
      throw Error(Errc::invalid_argument, "TiledPool", "a kernel can't use the pool that runs it",
                  "finish the first job, or make another pool");
    premises_->check_process();
  }
  Error changed_user() const {
    return {Errc::pool_unusable, "TiledPool",
            "this process has changed its user or its groups since the pool was made (" +
                credentials_.in_words() + "), and kernels would run with the old ones",
            "make the pool after the change, or allow it: PoolOptions::user_may_change"};
  }
  static bool cancelled(const JobOrder& order) noexcept {
    return order.async != nullptr && order.async->cancel_requested();
  }
  // The error it ends with, or none. Returned, so that nothing of the exception is left here when
  // another thread gets it.
  std::exception_ptr attempt(AsyncJob& job) noexcept {
    try {
      run_in_turn(job.order, job.results);
      return {};
    } catch (...) {
      return std::current_exception();
    }
  }

  void run_in_turn(const JobOrder& order, void* results) {
    const auto began = std::chrono::steady_clock::now();
    if (!in_caller() && !user_may_change_ && credentials_.changed_by(began)) throw changed_user();
    parts_ = order.parts;
    report_.tiles = order.asked() / parts_;
    report_.rerun_tiles = report_.workers_lost = 0;
    report_.seconds = 0;
    put_right();
    try {
      look_after_keeper(began);
      vacate();
    } catch (const Error&) {
      for (auto& slot : board_->worker_slots()) slot.tiles.store(0);  // of the last job
      if (cancelled(order)) throw not_begun(order);  // the pool ends, and cancelled it before
      throw;
    }
    for (auto& slot : board_->worker_slots())
      slot.tiles.store(0, std::memory_order_release);  // pairs with AsyncJob::progress
    if (order.asked() == 0) return;
    auto memory = in_caller() ? room_.lay_out_here(order) : room_.lay_out(order, board_->head());
    board_->head().failures.clear();
    ends_.clear();
    for (const auto& slot : board_->worker_slots()) ends_.push_back(slot.ends.load());
    const Timed timed(*this, order);
    Outcome outcome;
    tries_ = {};
    Fruitless fruitless;
    DeathsInARow deaths(workers(), order);
    for (bool again = true; again;) {
      Round round(board_->crew(), ++job_, memory.tile_bytes(), order.grain);
      play(round, memory, order, deaths);
      outcome = look(*board_, round, order, ends_);
      if (outcome.complete()) break;
      // Who is still inside may yet change what is not done: a worker that entered while over()
      // went through the words, one after the other, and found nobody.
      vacate();
      outcome = look(*board_, round, order, ends_);
      if (round.stopped() || fruitless.for_too_long(outcome)) break;
      // What nobody had begun first, as fast as ever; then, one by one, what had been.
      auto open = std::move(outcome.open);
      if (open.empty() && order.reruns) open = tries_.reopen(order, memory, outcome.unknown);
      again = !open.empty();
      report_.rerun_tiles += order.told(std::move(open)).size();
    }
    report_.workers_lost = outcome.lost_workers;
    const auto ended = std::chrono::steady_clock::now();
    credentials_.job_ended(ended);
    report_.seconds = std::chrono::duration<double>(ended - began).count();
    struct Released {  // when what became of the job is told
      JobRoom& room;
      bool clean;  // else whoever failed may have written all over it, its header among it
      ~Released() { clean ? room.release_if_large() : room.release(); }
    } const released{room_, outcome.complete() && outcome.lost_workers == 0};
    if (!outcome.complete()) {
      restore_overrun(*board_, order);
      throw failure(*board_, order, outcome, deaths, cancelled(order));
    }
    if (results != nullptr) memory.copy_results(order, results);
  }

  /// While it lives the keeper looks whether tiles take too long.
  struct Timed {
    std::atomic<std::uint64_t>& deadline;
    Timed(const Caller& caller, const JobOrder& order)
        : deadline(caller.board_->head().tile_deadline) {
      if (caller.in_caller() || order.tile_deadline == 0) return;
      deadline.store(order.tile_deadline);
      caller.channel_.send(Keeper::word_of_deadline);
    }
    ~Timed() {
      if (deadline.load(std::memory_order_relaxed) != 0) deadline.store(0);
    }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
  };

  // Not for each of a thousand jobs a second: asking the system costs as much as a short one.
  void look_after_keeper(std::chrono::steady_clock::time_point now) {
    if (in_caller() || now - keeper_seen_ < std::chrono::milliseconds(20)) return;
    if (keeper_->wait_ended(std::chrono::milliseconds(0))) throw Watch::keeper_gone();
    keeper_seen_ = now;
  }

  // What a worker of an earlier job may have written all over the board, and nobody else writes.
  void put_right() const {
    auto& head = board_->head();
    if (head.tile_deadline.load() != 0) head.tile_deadline.store(0);
    if (head.closing.load() == 0) return;
    head.closing.store(0);
    if (closes_.load()) head.closing.store(1);  // meanwhile the pool closes indeed
  }

  /// Waits until no worker is inside the last job any more.
  void vacate() {
    if (!in_caller()) watch_.wait(*keeper_, [&] { return !board_->crew().anyone_inside(job_); });
  }

  /// The last job's report, each worker's tiles among it: those that left last counted last.
  const Report& counted() {
    try {
      vacate();
    } catch (const Error&) {
      // The workers are gone, and what they counted is there.
    }
    // In parts, of workers [0, w): tiles are rounded so that their sum is right.
    std::size_t before = 0;
    for (std::size_t w = 0; w < workers(); ++w) {
      const auto after = before + board_->worker_slots()[w].tiles.load(std::memory_order_relaxed);
      report_.tiles_per_worker[w] = after / parts_ - before / parts_;
      before = after;
    }
    return report_;
  }

  /// Has the keeper kill who is inside a round of a job that nobody waits for any longer. True
  /// until it has.
  bool kills_overdue(const JobOrder& order, const Round& round) {
    if (order.async == nullptr || !order.async->overdue()) return false;
    auto& condemned = board_->head().condemned;
    if (std::exchange(condemned_, round.number()) != round.number()) {
      condemned.store(round.number());
      channel_.send(Keeper::word_of_kill);
    }
    return condemned.load() == round.number();
  }

  /// One round: arm, until no tile is left that anybody could claim or finish.
  void play(Round& round, const JobMemory& memory, const JobOrder& order, DeathsInARow& deaths) {
    if (order.async != nullptr) order.async->armed(round.number());
    Turn turn(*board_, memory, round.number(), 0);  // of this process, where it computes
    turn.in_caller = true;
    for (const auto& argument : order.arguments)
      turn.places.emplace_back(argument.data, *argument.segment, argument.record.writes != 0);
    watch_.tell_core();
    struct Armed {  // whatever is thrown, nobody enters afterwards
      Round& round;
      ~Armed() { round.disarm(); }
    } const armed{round};
    round.arm();
    if (!in_caller()) board_->work().ring();
    if (computes_) {
      struct Running {  // a kernel may end this thread
        std::atomic<std::thread::id>& runner;
        ~Running() { runner.store({}); }
      } const running{premises_->runner};
      premises_->runner.store(std::this_thread::get_id());
      reinterpret_cast<ServeFunction>(reinterpret_cast<std::uintptr_t>(order.serve))(turn);
    }
    if (in_caller()) return;
    watch_.wait_for_job(
        *keeper_, {order.serve, order.tiles}, [&] { return round.all_ended(); },
        [&] {
          const bool kills = kills_overdue(order, round);
          if (round.over()) return !kills;
          if (round.rearm()) board_->work().ring();
          if (cancelled(order) || deaths.too_many(*board_, memory, ends_)) round.stop();
          return false;
        });
  }

  bool computes_;  // this process is the worker in the first place
  bool spawns_;    // its processes are no copies of this one
  std::atomic<bool> closes_{false};
  std::shared_ptr<Premises> premises_;
  const Board* const board_ = &premises_->board;
  Turnstile turnstile_;
  JobRoom room_;
  std::uint64_t job_ = 0;
  std::uint64_t condemned_ = 0;  // the last round of which that was asked
  Ends ends_;                    // before the job that runs
  Tries tries_;                  // of its tiles
  std::size_t parts_ = 1;        // of each tile of the last job that is told of
  bool user_may_change_;
  host::CredentialWatch credentials_;  // since the pool was made
  Layout layout_;
  Watch watch_;
  std::chrono::steady_clock::time_point keeper_seen_{};
  Report report_;
  host::Channel channel_;
  std::optional<host::ProcessHandle> keeper_;
  std::mutex making_dispatcher_;
  std::unique_ptr<Dispatcher> dispatcher_;  // none before the first asynchronous job
};

}  // namespace tessera::detail
