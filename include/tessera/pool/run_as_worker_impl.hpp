// Floor 4, pool: the definitions of run_as_worker.hpp.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/children.hpp>
#include <tessera/host/code_address.hpp>
#include <tessera/host/credentials.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/host/library_threads.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/output_pipe.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/respawn.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/output_mark.hpp>
#include <tessera/pool/keeper/fork.hpp>
#include <tessera/pool/keeper/spawn.hpp>
#include <tessera/pool/run_as_worker.hpp>
#include <tessera/pool/worker/affinity.hpp>
#include <tessera/pool/worker/set_up.hpp>
#include <tessera/pool/worker/worker.hpp>

namespace tessera {

namespace detail {

template <class Channel>
int run_keeper(const host::Numbers& numbers, std::string_view given) {
  if (numbers.size() < keeper_numbers + plan_numbers || numbers[4] > max_workers)
    throw not_started_by_a_pool();
  const std::size_t workers = numbers[4];
  auto files = host::take_inherited(given, 2 + (prints(numbers, keeper_numbers) ? workers : 0));
  if (files.empty()) throw not_started_by_a_pool();
  const Channel channel(std::move(files[0]));
  // The sender is checked before any of its data is used: a stranger could choose what runs here.
  if (const auto why = channel.distrust_reason(static_cast<int>(numbers[0])); !why.empty())
    throw not_started_by_a_pool(why);
  const auto modules = host::Modules::loaded_now();
  const auto plan = as_plan(numbers, keeper_numbers, modules);
  if (!plan) throw not_started_by_a_pool();
  const auto caller = caller_of(static_cast<int>(numbers[0]), numbers[1]);
  if (!caller) return 0;
  Identity identity;
  std::memcpy(identity.data(), &numbers[2], sizeof identity);
  const host::Mapping memory(files[1], host::Access::read_write, Board::bytes(workers),
                             "TiledPool");
  std::vector<host::OutputPipe> outputs;
  for (std::size_t i = 2; i < files.size(); ++i) outputs.emplace_back(std::move(files[i]));
  files.clear();
  const KeptPool pool{Board::at(memory.data(), workers, {}), outputs};
  answer_handshake(pool.board);
  host::GuestExit exit;
  return run_keeper_process(pool, channel, *caller, identity, *plan, modules, exit);
}

inline int run_worker(const host::Numbers& numbers, std::string_view given) {
  constexpr std::size_t each = host::Waker::handles;
  const auto modules = host::Modules::loaded_now();
  if (numbers.size() < 3 || numbers[1] > max_workers || numbers[2] >= numbers[1])
    throw not_started_by_a_pool();
  if (numbers[0] != program_identity())
    throw Error(Errc::pool_unusable, "run_as_worker",
                "the program's file is another build than the pool's own",
                "leave it in place while pools of it run");
  const auto sent = as_plan(numbers, 3, modules);
  if (!sent) throw not_started_by_a_pool();
  auto files = host::take_inherited(given, 1 + 2 * each + (prints(numbers, 3) ? 1 : 0));
  if (files.empty()) throw not_started_by_a_pool();
  const Wakers wakers{host::Waker::taken(files, 1), host::Waker::taken(files, 1 + each)};
  const auto workers = static_cast<std::size_t>(numbers[1]);
  const auto self = static_cast<std::size_t>(numbers[2]);
  const auto& plan = *sent;
  const host::Mapping memory(files[0], host::Access::read_write, Board::bytes(workers),
                             "TiledPool");
  const Board board = Board::at(memory.data(), workers, wakers);
  host::ignore_terminal();
  host::GuestExit exit;
  exit.begin();
  host::OutputPipe output;
  if (prints(numbers, 3)) output = host::OutputPipe(std::move(files.back()));
  if (output) {
    output.take_output();
    mark_output(output, std::nullopt);
  }
  if (plan.library_threads > 0) host::limit_library_threads(plan.library_threads);
  answer_handshake(board);
  board.protect();
  const bool pinned = self < plan.cores.size();
  const host::ForkMark mark("TiledPool");
  auto affinity = pinned ? Affinity(plan.cores, self) : Affinity();
  if (!set_up(board, self, plan.setup, &mark)) return setup_failed;
  return Worker(board, self, plan.spins, std::move(affinity), modules, 0,
                output ? &output : nullptr)
      .run();
}

/// Runs the keeper or the worker that a pool has started.
template <class Channel = host::Channel>
int run_started(std::string_view argument, const host::Numbers& numbers, std::string_view given) {
  if constexpr (host::can_fork) {
    if (argument == keeper_argument) return run_keeper<Channel>(numbers, given);
  } else {
    if (argument == worker_argument) return run_worker(numbers, given);
  }
  throw not_started_by_a_pool();
}

}  // namespace detail

TESSERA_FUNC std::optional<int> run_as_worker(int argc, char** argv) {
  if (argc < 2 || (argv[1] != detail::keeper_argument && argv[1] != detail::worker_argument))
    return std::nullopt;
  host::forget_variable(detail::started_variable);  // not for processes started here
  try {
    if (host::has_gained_rights())
      throw Error(
          Errc::not_permitted, "run_as_worker",
          "this program has more rights than the one that started it, and works for no pool",
          "use StartMethod::fork in such a program");
    host::take_segment_folder();
    const auto numbers = argc == 4 ? host::as_numbers(argv[2]) : std::nullopt;
    if (!numbers) throw detail::not_started_by_a_pool();
    host::leave(detail::run_started(argv[1], *numbers, argv[3]));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 70;
  }
}

}  // namespace tessera
