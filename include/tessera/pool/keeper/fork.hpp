// Floor 4, pool/keeper: starts the keeper as a fork of the caller. The keeper forks the workers.
//
// A fork is fast, and has all that the caller has, except its other threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/children.hpp>
#include <tessera/host/code_address.hpp>
#include <tessera/host/detached_child.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/host/library_threads.hpp>
#include <tessera/host/output_pipe.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/thread.hpp>
#include <tessera/host/thread_libraries.hpp>
#include <tessera/memory/process_identity.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/output_mark.hpp>
#include <tessera/pool/keeper/keeper.hpp>
#include <tessera/pool/keeper/link.hpp>
#include <tessera/pool/worker/affinity.hpp>
#include <tessera/pool/worker/set_up.hpp>
#include <tessera/pool/worker/worker.hpp>

namespace tessera::detail {

/// What an Error says of loaded libraries that may have started threads before main(): their names,
/// and the variables that keep them from it. Both are empty if there are none.
inline std::pair<std::string, std::string> may_have_started_threads(
    const std::vector<std::string>& paths) {
  std::string libraries, settings;
  for (const auto& path : paths)
    if (const auto* const row = host::thread_library(path)) {
      libraries += (libraries.empty() ? "" : ", ") + path.substr(path.rfind('/') + 1);
      if (const std::string setting(row->setting); settings.find(setting) == std::string::npos)
        settings += (settings.empty() ? "" : " ") + setting;
    }
  if (!libraries.empty())
    libraries = "; of this program's libraries " + libraries + " may start some";
  if (!settings.empty()) settings = " (start the program with " + settings + ")";
  return {libraries, settings};
}

/// Throws Error(invalid_argument) if this process has other threads. `threads`: how many it has in
/// all; updated while joined threads disappear.
inline void refuse_among_threads(int& threads) {
  // The system counts a thread for a moment after it was joined.
  for (int look = 0; look < 50 && host::other_threads(threads) > 0; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    threads = host::all_threads();
  }
  if (const int others = host::other_threads(threads); others > 0) {
    const auto [libraries, settings] = may_have_started_threads(host::loaded_libraries());
    throw Error(Errc::invalid_argument, "TiledPool",
                "the program has other threads (" + std::to_string(others) + libraries +
                    "), and a copy of it finds whatever they were doing half done",
                "make the pool before other threads" + settings +
                    ", or with StartMethod::spawn; with StartMethod::fork_with_threads if they "
                    "hold nothing that kernels need");
  }
}

/// What a keeper process has of its pool.
struct KeptPool {
  Board board;
  std::span<host::OutputPipe> outputs;  ///< one for each worker, or none; read by the caller
};

/// The main function of a worker process. Returns its exit code.
inline int run_forked_worker(const KeptPool& pool, std::size_t place, const Identity& identity,
                             const KeeperPlan& plan, const host::Modules& modules, int keeper) {
  const auto& board = pool.board;
  OwnIdentity::instance().become(identity);
  host::reset_signals();
  const bool pinned = place < plan.cores.size();
  if (!plan.cores.empty()) host::ignore_terminal();
  if (!host::end_with_parent(keeper, "tessera-worker")) return 0;
  if (plan.library_threads > 0) host::limit_library_threads(plan.library_threads);
  const auto* const output = pool.outputs.empty() ? nullptr : &pool.outputs[place];
  if (output != nullptr) {
    for (auto& other : pool.outputs)
      if (&other != output) other.close_written_end();
    output->take_output();
    mark_output(*output, std::nullopt);  // ends what a dead predecessor had begun
  }
  board.protect();
  // A worker that works is among TiledPool::worker_pids(): the keeper writes its number just now.
  while (board.processes()[place].pid.load() == 0)
    std::this_thread::sleep_for(std::chrono::microseconds(10));
  const host::ForkMark mark("TiledPool");
  auto affinity = pinned ? Affinity(plan.cores, place) : Affinity();
  if (!set_up(board, place, plan.setup, &mark)) return setup_failed;
  Worker(board, place, plan.spins, std::move(affinity), modules, keeper, output).run();
  return OwnIdentity::instance().asked_for() ? Keeper::may_leave_names : 0;
}

/// The main function of the keeper process. `modules` are the loaded modules, `exit` defines how
/// the keeper and its workers end. Returns its exit code.
inline int run_keeper_process(const KeptPool& pool, const host::Channel& channel,
                              const host::ProcessHandle& caller, const Identity& caller_identity,
                              const KeeperPlan& plan, const host::Modules& modules,
                              host::GuestExit& exit) {
  exit.begin();
  host::ignore_signals();
  // The keeper leaves the caller's process group. It also leaves the session, unless workers are
  // pinned. The terminal's Ctrl-C then reaches neither the keeper nor its workers.
  host::detach("tessera-keeper", !plan.cores.empty());
  return Keeper(pool.board, channel, caller, caller_identity, plan,
                [&](const host::Children&, std::size_t place, const Identity& identity) {
                  const auto keeper = host::own_pid();
                  return host::fork_child("TiledPool", [&] {
                    return run_forked_worker(pool, place, identity, plan, modules, keeper);
                  });
                })
      .run();
}

/// Throws Error(invalid_argument) if there are other threads and `among_threads` is false.
inline KeeperLink fork_keeper(const KeptPool& pool, const KeeperPlan& plan, bool among_threads) {
  int threads = host::all_threads();
  if (!among_threads) refuse_among_threads(threads);
  const host::ProcessHandle self(host::own_pid());
  host::ChannelPair pair("TiledPool");
  const auto identity = process_identity();
  const auto modules = host::Modules::loaded_now();
  std::optional<host::GuestExit> exit;
  if (threads > 1) exit.emplace();  // here: in the copy, the lock of exit() may be taken
  const auto pid = host::fork_detached("TiledPool", threads, [&] {
    pair.ours.close();
    for (auto& output : pool.outputs) output.close_read_end();
    if (!exit) exit.emplace();
    return run_keeper_process(pool, pair.theirs, self, identity, plan, modules, *exit);
  });
  pair.theirs.close();
  auto link = make_link(pid, std::move(pair.ours));
  if (!link)
    throw Error(Errc::pool_unusable, "TiledPool", "its keeper was ended as soon as it was started",
                "make a new pool");
  send(link->channel, Message::start);
  return *std::move(link);
}

}  // namespace tessera::detail
