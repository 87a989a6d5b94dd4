// Floor 3, pool: the process that starts, watches and replaces workers.
//
// A single-threaded child of the caller, out of the caller's process group (and out of its session,
// unless its workers are bound: see host::detach), with default signals: what the caller does with
// threads, signals and wait() does not reach it, and the terminal's Ctrl-C reaches neither it nor
// its workers. It tells the caller of every death through the board. When the caller ends, however
// it ends, it ends the workers and removes the names that the caller owned; when it is killed
// itself, the kernel ends the workers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/modules.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/berth.hpp>
#include <tessera/pool/job_board.hpp>
#include <tessera/pool/worker.hpp>

namespace tessera::detail {

/// What a keeper is to do.
struct KeeperPlan {
  std::size_t first = 0;   ///< the first place with a worker process of its own
  std::vector<int> cores;  ///< worker w stays on cores[w]; none: wherever the system puts it
  bool turns = false;      ///< workers turn a while before they sleep
};

class Keeper {
 public:
  /// `modules`: what is loaded in this process.
  Keeper(const Board& board, const host::Descriptor& socket, const host::ProcessHandle& caller,
         Identity caller_identity, KeeperPlan plan, host::Modules modules)
      : board_(board),
        socket_(socket),
        caller_(caller),
        caller_identity_(caller_identity),
        plan_(std::move(plan)),
        modules_(std::move(modules)),
        pids_(board.slots().size()) {}

  /// The keeper process, from its beginning on. Returns its exit code.
  int run() {
    host::drop_buffered_output();
    host::reset_signals();
    host::detach("tessera-keeper", !plan_.cores.empty());
    // Nobody knows this process yet: without the caller's word there are no workers to keep.
    if (!host::receive_byte(socket_)) return after_caller();
    const host::ChildEnds ends;
    for (std::size_t w = plan_.first; w < board_.slots().size(); ++w) start(w);
    for (;;) {
      const bool was_vacant = vacant_;
      const auto woken = ends.wait(socket_, caller_.descriptor(), patience());
      collect(true);
      tell_pids();
      const auto word = woken.socket_ready ? host::receive_byte(socket_) : std::nullopt;
      if (woken.caller_ended || (woken.socket_ready && word != word_of_deadline)) {
        // Without a word: a process that ends closes its socket first, so it is on its way out.
        const bool orderly = word == word_of_end && !woken.caller_ended;
        end_workers(ends, std::chrono::milliseconds(orderly ? 2000 : 0));
        // The pool has names of its own until the caller says the word again.
        const bool over = orderly && said_again(ends);
        return over && !caller_.wait_ended(std::chrono::milliseconds(0)) ? 0 : after_caller();
      }
      end_late_workers();
      if (was_vacant) {
        vacant_ = false;
        for (std::size_t w = plan_.first; w < board_.slots().size(); ++w)
          if (pids_[w] == 0) start(w);
      }
    }
  }

  /// From the caller: the pool closes, and once more, nothing of it is left; a job whose tiles have
  /// a deadline is armed.
  static constexpr char word_of_end = 'e', word_of_deadline = 'd';

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
  void end_late_workers() {
    if (board_.head().tile_deadline.load() == 0) return;
    for (std::size_t w = plan_.first; w < board_.slots().size(); ++w)
      if (pids_[w] != 0 && board_.clocks()[w].condemn(TileClock::now())) host::kill_child(pids_[w]);
  }

  void start(std::size_t w) {
    const auto keeper = host::own_pid();
    try {
      pids_[w] = host::fork_child("TiledPool", [&] {
        host::reset_signals();
        if (!plan_.cores.empty()) host::ignore_terminal();
        if (!host::end_with_parent(keeper, "tessera-worker")) return 0;
        return Worker(board_, w, plan_.turns,
                      w < plan_.cores.size() ? Berth(plan_.cores, w) : Berth(), modules_)
            .run();
      });
    } catch (const Error&) {
      pids_[w] = 0;  // tried again soon; the caller sees the empty place
      vacant_ = true;
    }
    board_.slots()[w].pid.store(pids_[w]);
  }

  // Again and again: a worker that wrote all over the board wrote over these as well.
  void tell_pids() const {
    for (std::size_t w = plan_.first; w < pids_.size(); ++w)
      if (board_.slots()[w].pid.load() != pids_[w]) board_.slots()[w].pid.store(pids_[w]);
  }

  // Takes the ends of all workers that have died, and replaces these.
  void collect(bool replace) {
    while (const auto end = host::collect_child()) {
      for (std::size_t w = 0; w < pids_.size(); ++w) {
        if (pids_[w] != end->pid) continue;
        auto& slot = board_.slots()[w];
        pids_[w] = 0;
        slot.last_end.store(end->status);
        slot.last_pid.store(end->pid);
        const bool at_work = slot.inside.load() != 0;
        slot.loose.store(0);  // its successor begins bound
        board_.clocks()[w].bury();
        slot.pid.store(0);
        board_.crew().bury(w);  // last: whoever sees nobody inside sees the rest as well
        if (replace && at_work) start(w);
        if (replace && !at_work) vacant_ = true;  // not at once: it may be unable to live at all
        board_.head().news.ring();
      }
    }
  }

  bool anyone_alive() const {
    return std::any_of(pids_.begin(), pids_.end(), [](int pid) { return pid != 0; });
  }

  void end_workers(const host::ChildEnds& ends, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (anyone_alive()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      ends.wait_child(static_cast<int>(left.count()));
      collect(false);
    }
    for (const int pid : pids_)
      if (pid != 0) host::kill_child(pid);
    while (anyone_alive()) {
      ends.wait_child(-1);
      collect(false);
    }
  }

  // False if the caller ends before.
  bool said_again(const host::ChildEnds& ends) const {
    for (;;) {
      const auto woken = ends.wait(socket_, caller_.descriptor(), -1);
      if (woken.socket_ready) return host::receive_byte(socket_).has_value();
      if (woken.caller_ended) return false;
    }
  }

  // Only what it owned and no longer locks is removed. More than once: a child that the caller
  // forked just before its end holds copies of its locks for the moment until it has closed them.
  int after_caller() const {
    caller_.wait_ended(std::chrono::milliseconds(1000));
    for (const int pause : {0, 50, 200}) {
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
      for (const auto& name : host::segment_names()) remove_orphan(name, &caller_identity_);
    }
    return 0;
  }

  Board board_;
  const host::Descriptor& socket_;
  const host::ProcessHandle& caller_;
  Identity caller_identity_;
  KeeperPlan plan_;
  host::Modules modules_;
  std::vector<int> pids_;  // not read from the board, where any worker may have written; 0: none
  bool vacant_ = false;
};

}  // namespace tessera::detail
