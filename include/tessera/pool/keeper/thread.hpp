// Floor 4, pool/keeper: the keeper as a thread of the caller, on Windows, which has no fork.
//
// Each worker is a new process of the same program, and answers on the board.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <tessera/host/children.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/respawn.hpp>
#include <tessera/memory/process_identity.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/keeper/keeper.hpp>
#include <tessera/pool/keeper/link.hpp>
#include <tessera/pool/keeper/spawn.hpp>

namespace tessera::detail {

/// Errors of failed starts. The keeper's thread adds them, the caller's thread reads them.
class StartFailures {
 public:
  void add(std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::move(failure);
    ++count_;
  }
  std::exception_ptr first() const noexcept {
    const std::lock_guard lock(mutex_);
    return first_;
  }
  std::size_t count() const noexcept {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::exception_ptr first_;
  std::size_t count_ = 0;
};

/// The main function of the thread.
template <class Process, class Channel>
void run_keeper_thread(PoolMemory& pool, const Channel& channel, const KeeperPlan& plan,
                       StartFailures& failures) {
  const auto& board = pool.board;
  host::InheritedHandles for_all{&pool.file};
  board.wakers().work.give(for_all);
  board.wakers().done.give(for_all);
  const auto start = [&](auto& workers, std::size_t place, const Identity&) {
    try {
      const auto numbers = as_numbers({program_identity(), board.workers().size(), place}, plan,
                                      !pool.outputs.empty());
      auto given = for_all;
      if (!pool.outputs.empty()) given.push_back(&pool.outputs[place].written_end());
      return workers.respawn("TiledPool", {std::string(worker_argument), host::as_word(numbers)},
                             std::string(started_variable) + "=1", given);
    } catch (...) {
      failures.add(std::current_exception());
      board.done_bell().ring();
      throw;
    }
  };
  Keeper(board, channel, Process(host::own_pid()), process_identity(), plan, start).run();
}

/// Throws Error(pool_unusable) if the started program does not answer as a worker. If no worker
/// could be started, throws the first error of a start.
template <class Process>
KeeperLink keep_in_thread(const std::shared_ptr<PoolMemory>& pool, const KeeperPlan& plan) {
  host::ChannelPair pair("TiledPool");
  const auto failures = std::make_shared<StartFailures>();
  auto thread = Process::of_thread(
      "TiledPool", [pool, plan, failures, channel = std::move(pair.theirs)]() mutable {
        run_keeper_thread<Process>(*pool, channel, plan, *failures);
      });
  KeeperLink link{std::move(pair.ours), std::move(thread)};
  send(link.channel, Message::start);
  const auto processes = pool->board.processes().subspan(plan.first);
  const auto nobody_lives = [&] {
    if (link.process.wait_ended(std::chrono::milliseconds(0))) return true;
    std::size_t tried = failures->count();  // failed starts and dead workers
    for (const auto& process : processes) {
      if (process.deaths.load() == 0 && process.pid.load() != 0) return false;
      tried += process.deaths.load() != 0;
    }
    return tried >= processes.size();
  };
  if (wait_for_handshake(pool->board, nobody_lives)) return link;
  std::string last;
  for (const auto& process : processes)
    if (process.deaths.load() != 0) last = host::describe_exit(process.last_status.load());
  link.channel.close();  // the thread then ends the workers and itself
  link.process.wait_ended(std::chrono::milliseconds(5000));
  if (const auto first = failures->first()) std::rethrow_exception(first);
  throw no_handshake(last);
}

}  // namespace tessera::detail
