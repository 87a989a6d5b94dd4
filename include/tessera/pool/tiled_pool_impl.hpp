// Floor 4, pool: the definitions of tiled_pool.hpp.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/capabilities.hpp>
#include <tessera/host/process.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/caller.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/caller/typed_order.hpp>
#include <tessera/pool/keeper/fork.hpp>
#include <tessera/pool/keeper/link.hpp>
#include <tessera/pool/keeper/spawn.hpp>
#include <tessera/pool/keeper/thread.hpp>
#include <tessera/pool/pool_options.hpp>
#include <tessera/pool/report.hpp>
#include <tessera/pool/tiled_pool.hpp>
#include <tessera/pool/worker/set_up.hpp>

namespace tessera {

namespace detail {

/// The keeper runs when this returns. Throws Error(invalid_argument, pool_unusable, no_space).
template <class Process = host::ProcessHandle>
KeeperLink start_keeper(const std::shared_ptr<PoolMemory>& memory, const KeeperPlan& plan,
                        const PoolOptions& options) {
  if (options.start_method != StartMethod::spawn)
    return fork_keeper({memory->board, memory->outputs}, plan,
                       options.start_method == StartMethod::fork_with_threads);
  if constexpr (host::can_fork)
    return spawn_keeper(*memory, plan);
  else
    return keep_in_thread<Process>(memory, plan);
}

TESSERA_FUNC std::unique_ptr<Caller> start_pool(std::size_t workers, const PoolOptions& options) {
  if (workers == 0 || workers > max_workers)
    throw Error(Errc::invalid_argument, "TiledPool",
                workers == 0
                    ? "a pool of 0 workers computes nothing"
                    : "a negative number of workers, or more than " + std::to_string(max_workers),
                "ask for 1 to " + std::to_string(max_workers) + ", or use TiledPool::in_caller()");
  if (options.library_threads < 0)
    throw Error(Errc::invalid_argument, "TiledPool", "PoolOptions::library_threads is negative",
                "0 leaves it to the libraries");
  const std::size_t first = options.caller_computes ? 1 : 0;  // the first worker that is a process
  const bool has_processes = workers > first;
  const bool spawns = has_processes && options.start_method == StartMethod::spawn;
  SetupCode setup(options.each_worker, !spawns);
  auto memory =
      std::make_shared<PoolMemory>(workers, spawns, has_processes && options.log != nullptr);
  const Placement placement(workers, options);
  if (options.reap_orphans) remove_some_orphans();
  std::optional<KeeperLink> keeper;
  if (has_processes) {
    refuse_in_started_program();
    memory->board.commands().caller_pid = host::own_pid();
    keeper = start_keeper<>(
        memory, {first, placement.cores, placement.spins, options.library_threads, setup}, options);
    if constexpr (host::can_fork)  // the keeper has these
      for (auto& output : memory->outputs) output.close_written_end();
  }
  auto caller = std::make_unique<Caller>(memory, std::move(keeper), placement.strategy, options);
  if (setup) {
    if (options.caller_computes) {
      memory->board.processes()[0].number.store(1);
      set_up(memory->board, 0, setup, nullptr);
    }
    caller->wait_until_set_up();
  }
  return caller;
}

}  // namespace detail

TESSERA_FUNC TiledPool::TiledPool(std::size_t workers, const PoolOptions& options)
    : caller_(detail::start_pool(workers, options)) {}
TESSERA_FUNC TiledPool::TiledPool(TiledPool&&) noexcept = default;
TESSERA_FUNC TiledPool& TiledPool::operator=(TiledPool&&) noexcept = default;
TESSERA_FUNC TiledPool::~TiledPool() = default;

TESSERA_FUNC std::size_t TiledPool::workers() const { return caller().workers(); }
TESSERA_FUNC std::vector<int> TiledPool::worker_pids() const { return caller().worker_pids(); }
TESSERA_FUNC Report TiledPool::report() const { return caller().report(); }

TESSERA_FUNC detail::PoolTraits TiledPool::traits() const {
  return {caller().workers(), caller().spawns()};
}
TESSERA_FUNC void TiledPool::run(const detail::JobOrder& order, void* results) {
  caller().run(order, results);
}
TESSERA_FUNC std::shared_ptr<detail::PoolMemory> TiledPool::memory() const {
  return caller().memory();
}
TESSERA_FUNC void TiledPool::submit(const std::shared_ptr<detail::AsyncJob>& job) {
  caller().submit(job);
}

TESSERA_FUNC detail::Caller& TiledPool::caller() const {
  if (!caller_)
    throw Error(Errc::pool_unusable, "TiledPool", "it was moved from", "use the pool it went to");
  return *caller_;
}

}  // namespace tessera
