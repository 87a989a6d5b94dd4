// Floor 3, pool: how a keeper comes into being: as a copy of the caller, or as the program started
// again.
//
// A copy is there at once and has all that the caller has, its threads aside. The program started
// again has nothing of it but a socket, through which it gets the board and its plan; it answers
// when it has both. Workers are children of the keeper either way.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/program.hpp>
#include <tessera/host/thread.hpp>
#include <tessera/pool/async_job.hpp>
#include <tessera/pool/job_board.hpp>
#include <tessera/pool/keeper.hpp>

namespace tessera {

namespace detail {

/// A keeper that waits for its caller's word.
struct KeeperLink {
  host::Descriptor socket;
  host::ProcessHandle process;
};

/// Throws Error(invalid_argument) if this process has threads that a copy would not have.
inline void refuse_among_threads() {
  int threads = 0;
  // One that was joined just now is counted for a moment more.
  for (int look = 0; look < 50 && (threads = host::other_threads()) > 0; ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (threads > 0)
    throw Error(Errc::invalid_argument, "TiledPool",
                "the program has other threads (" + std::to_string(threads) +
                    "), and a copy of it finds whatever they were doing "
                    "half done",
                "make the pool before other threads, or with StartMethod::spawn; with "
                "StartMethod::fork_with_threads if they hold nothing that kernels need");
}

/// A child that was started just now: it waits for something to arrive, so its number is its own.
inline KeeperLink watched(pid_t pid, host::Descriptor socket) {
  try {
    return {std::move(socket), host::ProcessHandle(pid)};
  } catch (const Error&) {
    host::end_child(pid);
    throw;
  }
}

inline KeeperLink fork_keeper(const Board& board, const KeeperPlan& plan) {
  const host::ProcessHandle self(host::own_pid());
  host::SocketPair pair("TiledPool");
  const auto identity = process_identity();
  const auto modules = host::Modules::loaded_now();
  const auto pid = host::fork_child("TiledPool", [&] {
    pair.ours.reset();
    return Keeper(board, pair.theirs, self, identity, plan, modules).run();
  });
  return watched(pid, std::move(pair.ours));
}

/// The plan as it travels; the cores follow.
struct KeeperOrders {
  static constexpr std::uint64_t layout = 0x7465737365726101;

  std::uint64_t version = layout;
  std::int64_t caller = 0;  ///< process number
  Identity caller_identity{};
  std::uint64_t workers = 0, first = 0, turns = 0, cores = 0;
};

inline constexpr std::string_view keeper_argument = "--tessera-keeper";
inline constexpr const char* keeper_variable = "TESSERA_KEEPER";
inline constexpr const char* how_to_spawn =
    "begin main() with `if (auto code = tessera::run_as_worker(argc, argv)) return *code;`";

/// Throws Error(pool_unusable) if the program that was started does not say that it is a keeper.
inline KeeperLink spawn_keeper(const host::Descriptor& board, std::size_t workers,
                               const KeeperPlan& plan) {
  constexpr std::chrono::seconds patience(30);
  host::SocketPair pair("TiledPool");
  const auto pid = host::start_again("TiledPool", {std::string(keeper_argument)},
                                     std::string(keeper_variable) + "=1", pair.theirs);
  pair.theirs.reset();
  auto link = watched(pid, std::move(pair.ours));
  const KeeperOrders orders{.caller = host::own_pid(),
                            .caller_identity = process_identity(),
                            .workers = workers,
                            .first = plan.first,
                            .turns = plan.turns,
                            .cores = plan.cores.size()};
  host::send_descriptor(link.socket, board);
  host::send_bytes(link.socket, std::as_bytes(std::span(&orders, 1)));
  host::send_bytes(link.socket, std::as_bytes(std::span(plan.cores)));
  if (!host::readable(link.socket, patience) || !host::receive_byte(link.socket)) {
    link.process.kill();
    link.process.wait_ended(std::chrono::milliseconds(1000));
    link.process.reap();
    throw Error(Errc::pool_unusable, "TiledPool",
                "this program, started again, did not answer as the keeper of a pool",
                how_to_spawn);
  }
  return link;
}

/// In a program that was started by a pool and does not know it.
inline void refuse_in_keeper() {
  if (std::getenv(keeper_variable) != nullptr)
    throw Error(Errc::pool_unusable, "TiledPool",
                "this program was started again by a pool and is to be its keeper", how_to_spawn);
}

inline int run_keeper() {
  const auto socket = host::take_given();
  const auto file = socket ? host::receive_descriptor(socket) : host::Descriptor();
  KeeperOrders orders;
  if (!file || !host::receive_bytes(socket, std::as_writable_bytes(std::span(&orders, 1))) ||
      orders.version != KeeperOrders::layout || orders.workers > max_workers ||
      orders.cores > max_workers)
    throw Error(Errc::invalid_argument, std::string(keeper_argument),
                "no pool of this program has started it", "leave this argument to them");
  std::vector<int> cores(orders.cores);
  if (!host::receive_bytes(socket, std::as_writable_bytes(std::span(cores)))) return 0;
  const auto pid = static_cast<pid_t>(orders.caller);
  const host::ProcessHandle caller(pid);
  if (host::parent_pid() != pid) return 0;  // it has ended already, and the number may be another's
  const auto bytes = Board::bytes(orders.workers);
  const host::Mapping memory(file, host::Access::read_write, bytes, "TiledPool");
  const Board board = Board::at(memory.data(), orders.workers);
  host::send_byte(socket, 'k');
  return Keeper(board, socket, caller, orders.caller_identity,
                {orders.first, std::move(cores), orders.turns != 0}, host::Modules::loaded_now())
      .run();
}

}  // namespace detail

/// For programs with a pool of StartMethod::spawn, first in main():
/// `if (auto code = tessera::run_as_worker(argc, argv)) return *code;`. Where a pool has started
/// the program again to compute for it, this does so until the pool ends and gives the exit code;
/// else it gives nothing, at once, and the program goes on. What stands before it runs in every
/// such process, and kernels find globals as they are here.
inline std::optional<int> run_as_worker(int argc, char** argv) {
  if (argc != 2 || argv[1] != detail::keeper_argument) return std::nullopt;
  ::unsetenv(detail::keeper_variable);  // what workers start is no keeper
  try {
    return detail::run_keeper();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 70;
  }
}

}  // namespace tessera
