// Floor 4, pool/keeper: who starts, watches and replaces workers.
//
// It tells the caller of every death through the board, and removes the names that the dead had
// created and left. As a process of its own it outlives the caller: when that ends, however it
// ends, it ends the workers and removes the names that the caller owned; when it is killed itself,
// the kernel ends the workers. Where names do not outlive
// their processes it is a thread of the caller, whose end is the workers' end.
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

namespace tessera::detail {

/// What a keeper is to do.
struct KeeperPlan {
  std::size_t first = 0;   ///< the first place with a worker process of its own
  std::vector<int> cores;  ///< worker w stays on cores[w]; none: wherever the system puts it
  bool turns = false;      ///< workers turn a while before they sleep
};

class Keeper {
 public:
  /// Starts a worker in a place, which is to have that identity, and gives its process number. May
  /// throw.
  using Starter = std::function<int(host::Children&, std::size_t, const Identity&)>;

  /// The exit code of a worker that may have left names. One that ends by itself and has created
  /// none ends with 0, so that the end of a pool need not look for any.
  static constexpr int may_leave_names = 3;

  Keeper(const Board& board, const host::Channel& channel, const host::ProcessHandle& caller,
         Identity caller_identity, KeeperPlan plan, Starter starter)
      : board_(board),
        channel_(channel),
        caller_(caller),
        caller_identity_(caller_identity),
        plan_(std::move(plan)),
        starter_(std::move(starter)),
        pids_(board.worker_slots().size()),
        identities_(pids_.size()) {
    ends_.reserve(pids_.size());
  }

  /// Until the pool or its caller ends. Returns the exit code of the process that does nothing
  /// else.
  int run() {
    host::Children workers("TiledPool");
    // Nobody knows this process yet: without the caller's word there are no workers to keep.
    for (;;) {
      const auto woken = workers.wait(channel_, caller_, -1);
      if (!woken.channel_ready && woken.caller_ended) return after_caller();
      if (!woken.channel_ready) continue;
      const auto word = channel_.receive();
      if (word == word_of_end) return 0;
      if (!word) return after_caller();
      break;
    }
    for (std::size_t w = plan_.first; w < board_.worker_slots().size(); ++w) start(workers, w);
    for (;;) {
      const bool was_vacant = vacant_;
      const auto woken = workers.wait(channel_, caller_, patience());
      collect(workers, true);
      tell_pids();
      // Nothing where the caller has closed its end.
      const char word = woken.channel_ready ? channel_.receive().value_or('\0') : '\0';
      if (word == word_of_kill) kill_condemned(workers);
      if (woken.caller_ended ||
          (woken.channel_ready && word != word_of_deadline && word != word_of_kill)) {
        // Without a word: a process that ends closes its socket first, so it is on its way out.
        const bool orderly = word == word_of_end && !woken.caller_ended;
        end(workers, std::chrono::milliseconds(orderly ? 2000 : 0));
        if (orderly) remove_names_of_dead();
        // The pool has names of its own until the caller says the word again.
        const bool over = orderly && said_again(workers);
        return over && !caller_.wait_ended(std::chrono::milliseconds(0)) ? 0 : after_caller();
      }
      end_late(workers);
      if (was_vacant) {
        vacant_ = false;
        for (std::size_t w = plan_.first; w < board_.worker_slots().size(); ++w)
          if (pids_[w] == 0) start(workers, w);
      }
    }
  }

  /// From the caller: workers are to be started; the pool closes (there will be none, if nothing
  /// was said before), and once more, nothing of it is left; a job whose tiles have a deadline is
  /// armed; workers that are inside the round that the board calls condemned are to be killed.
  static constexpr char word_of_start = 's', word_of_end = 'e', word_of_deadline = 'd',
                        word_of_kill = 'k';

 private:
  // Milliseconds until something may be to be done that nobody tells of.
  int patience() const {
    const std::uint64_t deadline = board_.head().tile_deadline.load();
    const std::uint64_t watch = deadline / 8 / 1'000'000;
    const int longest = vacant_ ? 100 : deadline != 0 ? 1000 : -1;
    if (deadline == 0) return longest;
    return static_cast<int>(
        std::clamp<std::uint64_t>(watch, 2, static_cast<std::uint64_t>(longest)));
  }

  // Their deaths are collected like any others.
  void end_late(const host::Children& workers) {
    if (board_.head().tile_deadline.load() == 0) return;
    for (std::size_t w = plan_.first; w < board_.worker_slots().size(); ++w)
      if (pids_[w] != 0 && board_.clocks()[w].condemn(TileClock::now())) workers.kill(pids_[w]);
  }

  // The caller arms no other round until it is told that this is done: nobody is killed who has
  // left this one for the next.
  void kill_condemned(const host::Children& workers) {
    auto& condemned = board_.head().condemned;
    const auto round = condemned.load();
    for (std::size_t w = plan_.first; w < board_.worker_slots().size(); ++w)
      if (round != 0 && pids_[w] != 0 && board_.worker_slots()[w].inside.load() == round)
        workers.kill(pids_[w]);
    condemned.store(0);
    board_.news().ring();
  }

  void start(host::Children& workers, std::size_t w) {
    try {
      if constexpr (host::names_outlive_processes) identities_[w] = host::random_identity();
      pids_[w] = starter_(workers, w, identities_[w]);
    } catch (const std::exception&) {
      pids_[w] = 0;  // tried again soon; the caller sees the empty place
      vacant_ = true;
    }
    board_.worker_slots()[w].pid.store(pids_[w]);
  }

  // Again and again: a worker that wrote all over the board wrote over these as well.
  void tell_pids() const {
    for (std::size_t w = plan_.first; w < pids_.size(); ++w)
      if (board_.worker_slots()[w].pid.load() != pids_[w])
        board_.worker_slots()[w].pid.store(pids_[w]);
  }

  // Takes the ends of all workers that have died, and replaces these. What they left is gone before
  // anybody is told.
  void collect(host::Children& workers, bool replace) {
    const auto place_of = [this](int pid) {
      return static_cast<std::size_t>(std::find(pids_.begin(), pids_.end(), pid) - pids_.begin());
    };
    ends_.clear();  // no more than workers: it never grows
    while (const auto end = workers.collect()) {
      const auto w = place_of(end->pid);
      if (w == pids_.size()) continue;
      ends_.push_back(*end);
      if (replace || end->status != 0) bury_names(identities_[w]);
    }
    if (replace && !ends_.empty()) remove_names_of_dead();
    for (const auto& end : ends_) {
      const auto w = place_of(end.pid);
      auto& slot = board_.worker_slots()[w];
      pids_[w] = 0;
      slot.last_end.store(end.status);
      slot.last_pid.store(end.pid);
      const bool at_work = slot.inside.load() != 0;
      slot.loose.store(0);  // its successor begins bound
      board_.clocks()[w].bury();
      slot.pid.store(0);
      board_.crew().bury(w);  // last: whoever sees nobody inside sees the rest as well
      if (replace && at_work && !caller_.wait_ended(std::chrono::milliseconds(0)))
        start(workers, w);
      else if (replace)
        vacant_ = true;  // not at once: it may be unable to live at all
      board_.news().ring();
    }
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

  // False if the caller ends before.
  bool said_again(const host::Children& workers) {
    for (;;) {
      const auto woken = workers.wait(channel_, caller_, -1);
      if (woken.channel_ready) {
        const auto word = channel_.receive();
        if (!word) return false;
        if (*word == word_of_end) return true;
        if (*word == word_of_kill) kill_condemned(workers);
      } else if (woken.caller_ended) {
        return false;
      }
    }
  }

  void bury_names(const Identity& owner) noexcept {
    try {
      dead_.insert(owner);
    } catch (const std::bad_alloc&) {
      // Its names are orphans, which the next reap() removes.
    }
  }
  // Only what they owned and no longer lock is removed. Of all that have died: a process that a
  // kernel started without the library's knowledge may have held a lock until now.
  void remove_names_of_dead() const noexcept {
    if (!host::names_outlive_processes || dead_.empty()) return;
    try {
      for (const auto& name : host::segment_names())
        remove_orphan_of(name, [this](const Identity& owner) { return dead_.contains(owner); });
    } catch (const std::exception&) {
      // No memory or no descriptor for the moment: it is tried again at the next end.
    }
  }

  // More than once: a child that the caller forked just before its end holds copies of its locks
  // for the moment until it has closed them.
  int after_caller() {
    if constexpr (!host::names_outlive_processes) return 0;
    caller_.wait_ended(std::chrono::milliseconds(1000));
    bury_names(caller_identity_);
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
  std::vector<int> pids_;  // not read from the board, where any worker may have written; 0: none
  std::vector<Identity> identities_;  // of the workers
  std::vector<host::ChildEnd> ends_;  // collected, and not told of yet
  std::set<Identity> dead_;           // whose names are to be removed
  bool vacant_ = false;
};

}  // namespace tessera::detail
