// Floor 4, pool/keeper: starts, watches and replaces workers.
//
// The keeper records every death on the board and removes the names that a dead worker left. It is
// a process of its own and outlives the caller: when the caller ends, however it ends, the keeper
// ends the workers and removes the names that the caller owned. If the keeper is killed, the kernel
// kills the workers. On Windows, where names end with their processes, it is a thread of the
// caller, and the workers end with the caller.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/children.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/keeper/link.hpp>
#include <tessera/pool/keeper/vacancies.hpp>

namespace tessera::detail {

class Keeper {
 public:
  /// Starts a worker in a slot and returns its process id. The identity is the owner of the names
  /// that the worker creates. May throw.
  using Starter = std::function<int(host::Children&, std::size_t, const Identity&)>;

  /// Exit code of a worker that may have left names. A worker that has created none ends with 0, so
  /// that the end of a pool need not search for names.
  static constexpr int may_leave_names = 3;

  Keeper(const Board& board, const host::Channel& channel, const host::ProcessHandle& caller,
         Identity caller_identity, KeeperPlan plan, Starter starter)
      : board_(board),
        channel_(channel),
        caller_(caller),
        caller_identity_(caller_identity),
        plan_(std::move(plan)),
        starter_(std::move(starter)),
        pids_(board.processes().size()),
        identities_(pids_.size()),
        vacancies_(pids_.size()) {
    ends_.reserve(pids_.size());
  }

  /// Runs until the pool or its caller ends. Returns the exit code of the keeper process.
  int run() {
    host::Children workers("TiledPool");
    // No worker exists before the caller's first message.
    for (;;) {
      const auto woken = workers.wait(channel_, caller_, -1);
      if (!woken.channel_ready && woken.caller_ended) return after_caller();
      if (!woken.channel_ready) continue;
      const auto message = receive();
      if (message == Message::stop) return 0;
      if (message == Message::closed) return after_caller();
      break;
    }
    for (std::size_t w = plan_.first; w < pids_.size(); ++w) start(workers, w);
    for (;;) {
      const auto woken = workers.wait(channel_, caller_, milliseconds_to_wait());
      collect(workers, true);
      const auto message = woken.channel_ready ? receive() : Message::closed;
      if (message == Message::kill) kill_expired(workers);
      // A process that ends closes its socket first. Ready without a message: the caller is ending.
      const bool caller_closes =
          woken.channel_ready && message != Message::timeout && message != Message::kill;
      if (woken.caller_ended || caller_closes)
        return close(
            workers,
            !woken.caller_ended && (message == Message::stop || message == Message::stop_at_once),
            message == Message::stop_at_once ? 0 : 2000);
      kill_late(workers);
      for (const auto w : vacancies_.take_due()) start(workers, w);
    }
  }

 private:
  Message receive() const {
    return static_cast<Message>(channel_.receive().value_or(static_cast<char>(Message::closed)));
  }

  /// Ends the pool. `orderly`: the pool closes, and workers have so many milliseconds to end; else
  /// the caller has ended. Returns the exit code.
  int close(host::Children& workers, bool orderly, int patience) {
    end(workers, std::chrono::milliseconds(orderly ? patience : 0));
    if (orderly) remove_names_of_dead();
    // The pool has names of its own until the caller sends the second stop.
    const bool over = orderly && said_stop_again(workers);
    return over && !caller_.wait_ended(std::chrono::milliseconds(0)) ? 0 : after_caller();
  }

  // How long to wait if no event comes, in milliseconds; -1: for ever.
  int milliseconds_to_wait() const {
    const std::uint64_t timeout = board_.commands().tile_timeout.load();
    const int longest = vacancies_.any() ? vacancies_.milliseconds_to_next()
                        : timeout != 0   ? 1000
                                         : -1;
    if (timeout == 0 || longest <= 2) return longest;
    return static_cast<int>(
        std::clamp<std::uint64_t>(timeout / 8 / 1'000'000, 2, static_cast<std::uint64_t>(longest)));
  }

  // Kills workers whose tile takes too long. Their deaths are collected like all others.
  void kill_late(const host::Children& workers) {
    if (board_.commands().tile_timeout.load() == 0) return;
    for (std::size_t w = plan_.first; w < pids_.size(); ++w)
      if (pids_[w] != 0 && board_.clocks()[w].expire(TileClock::now())) workers.kill(pids_[w]);
  }

  // Kills workers inside a round that nobody waits for. The caller arms no other round before this
  // is done, so a worker that has left for the next round can't be killed.
  void kill_expired(const host::Children& workers) {
    auto& expired = board_.commands().expired_round;
    const auto round = expired.load();
    for (std::size_t w = plan_.first; w < pids_.size(); ++w)
      if (round != 0 && pids_[w] != 0 && board_.workers()[w].inside.load() == round)
        workers.kill(pids_[w]);
    expired.store(0);
    board_.done_bell().ring();
  }

  void start(host::Children& workers, std::size_t w) {
    auto& process = board_.processes()[w];
    process.number.store(process.number.load() + 1);
    try {
      if constexpr (host::names_outlive_processes) identities_[w] = host::random_identity();
      pids_[w] = starter_(workers, w, identities_[w]);
    } catch (const std::exception&) {
      pids_[w] = 0;  // tried again soon; the caller sees the empty slot
      process.number.store(process.number.load() - 1);
      vacancies_.add(w, false);
    }
    process.pid.store(pids_[w]);
  }

  // Collects the ends of dead workers and replaces the workers. Names that they left are removed
  // before the deaths are recorded.
  void collect(host::Children& workers, bool replace) {
    const auto place_of = [this](int pid) {
      return static_cast<std::size_t>(std::find(pids_.begin(), pids_.end(), pid) - pids_.begin());
    };
    ends_.clear();  // at most one entry per worker, so it never grows
    while (const auto end = workers.collect()) {
      const auto w = place_of(end->pid);
      if (w == pids_.size()) continue;
      ends_.push_back(*end);
      if (replace || end->status != 0) add_dead(identities_[w]);
    }
    if (replace && !ends_.empty()) remove_names_of_dead();
    for (const auto& end : ends_) {
      const auto w = place_of(end.pid);
      auto& process = board_.processes()[w];
      auto& slot = board_.workers()[w];
      pids_[w] = 0;
      process.last_status.store(end.status);
      process.last_pid.store(end.pid);
      process.last_was_late.store(board_.clocks()[w].reset() ? 1 : 0);
      process.pid.store(0);
      const bool at_work = slot.inside.load() != 0;
      const bool was_set_up = !plan_.setup || report_setup(w, end, replace);
      slot.unpinned.store(0);  // the next worker begins pinned
      // Last: a reader that sees nobody inside sees all above. A worker that was not set up was
      // lost to no job.
      if (was_set_up || at_work) board_.membership().record_death(w);
      if (replace && at_work && !caller_.wait_ended(std::chrono::milliseconds(0)))
        start(workers, w);
      else if (replace)
        vacancies_.add(w, !was_set_up);
      board_.done_bell().ring();
    }
  }

  // True if the dead worker was set up. Else reports its death, unless it has said itself why.
  bool report_setup(std::size_t w, const host::ChildEnd& end, bool replace) {
    auto& setup = board_.setups()[w];
    const auto number = board_.processes()[w].number.load();
    if (setup.ready(number)) return true;
    if (replace && !setup.ended(number))
      setup.fail(number, "worker " + std::to_string(w) + " (process " + std::to_string(end.pid) +
                             ") " + host::describe_exit(end.status) +
                             " in PoolOptions::each_worker");
    return false;
  }

  bool anyone_alive() const {
    return std::any_of(pids_.begin(), pids_.end(), [](int pid) { return pid != 0; });
  }

  void end(host::Children& workers, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (anyone_alive()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      workers.wait(static_cast<int>(left.count()));
      collect(workers, false);
    }
    for (const int pid : pids_)
      if (pid != 0) workers.kill(pid);
    while (anyone_alive()) {
      workers.wait(-1);
      collect(workers, false);
    }
  }

  // Waits for the caller's second stop. False if the caller ends before.
  bool said_stop_again(const host::Children& workers) {
    for (;;) {
      const auto woken = workers.wait(channel_, caller_, -1);
      if (woken.channel_ready) {
        const auto message = receive();
        if (message == Message::closed) return false;
        if (message == Message::stop) return true;
        if (message == Message::kill) kill_expired(workers);
      } else if (woken.caller_ended) {
        return false;
      }
    }
  }

  void add_dead(const Identity& owner) noexcept {
    try {
      dead_.insert(owner);
    } catch (const std::bad_alloc&) {
      // Its names become orphans. The start of a later pool, or a reap(), removes them.
    }
  }
  // Removes only names that a dead worker owned and whose lock is free. `dead_` holds all workers
  // that have died: a process that a kernel started unnoticed may have held a lock until now.
  void remove_names_of_dead() const noexcept {
    if (!host::names_outlive_processes || dead_.empty()) return;
    try {
      for (const auto& name : host::segment_names())
        remove_orphan_of(name, [this](const Identity& owner) { return dead_.contains(owner); });
    } catch (const std::exception&) {
      // No memory or descriptor now. The next end of a worker tries again.
    }
  }

  // Several attempts: a child that the caller forked just before its end holds copies of the
  // caller's locks for a moment, until it has closed them.
  int after_caller() {
    if constexpr (!host::names_outlive_processes) return 0;
    caller_.wait_ended(std::chrono::milliseconds(1000));
    add_dead(caller_identity_);
    for (const int pause : {0, 50, 200}) {
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
      remove_names_of_dead();
      host::sweep(host::segment_folder());
    }
    return 0;
  }

  Board board_;
  const host::Channel& channel_;
  const host::ProcessHandle& caller_;
  Identity caller_identity_;
  KeeperPlan plan_;
  Starter starter_;
  std::vector<int> pids_;             // 0: none
  std::vector<Identity> identities_;  // of the workers
  std::vector<host::ChildEnd> ends_;  // collected, not yet recorded
  std::set<Identity> dead_;           // owners whose names are to be removed
  Vacancies vacancies_;
};

}  // namespace tessera::detail
