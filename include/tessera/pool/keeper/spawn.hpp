// Floor 4, pool/keeper: starts the keeper as a new process of the same program.
//
// The new process gets the board and a line of numbers from the caller, and nothing else. It
// answers on the board: the handshake. It forks the workers. On Windows, without fork, each worker
// is a new process of the program, and the keeper is a thread: thread.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/children.hpp>
#include <tessera/host/code_address.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/respawn.hpp>
#include <tessera/memory/process_identity.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/keeper/link.hpp>

namespace tessera::detail {

/// Arguments and environment variable of the started program.
inline constexpr std::string_view keeper_argument = "--tessera-keeper",
                                  worker_argument = "--tessera-worker";
inline constexpr const char* started_variable = "TESSERA_STARTED_BY_POOL";
inline constexpr const char* how_to_spawn =
    "begin main() with `if (auto code = tessera::run_as_worker(argc, argv)) return *code;`";

/// Throws Error(pool_unusable) if a pool has started this program and it did not call
/// run_as_worker.
inline void refuse_in_started_program() {
  if (std::getenv(started_variable) != nullptr)
    throw Error(Errc::pool_unusable, "TiledPool",
                "this program was started again by a pool and is to work for it", how_to_spawn);
}

/// The numbers of a plan before those of its cores and of its setup.
inline constexpr std::size_t plan_numbers = 6;

/// The Error of a setup whose code the workers lack.
inline Error foreign_setup() {
  return {Errc::foreign_kernel, "PoolOptions::each_worker",
          "its code is in a library that the workers do not have, or have in another build",
          "load the library before run_as_worker()"};
}

/// `first`, followed by the plan as numbers; `prints`: its workers print into pipes.
inline host::Numbers as_numbers(host::Numbers first, const KeeperPlan& plan, bool prints = false) {
  constexpr std::size_t word = sizeof(std::uint64_t);
  first.insert(first.end(),
               {plan.first, plan.spins ? 1u : 0u, static_cast<std::uint64_t>(plan.library_threads),
                prints ? 1u : 0u, plan.cores.size(), plan.setup.bytes.size()});
  for (const int core : plan.cores) first.push_back(static_cast<std::uint64_t>(core));
  if (!plan.setup) return first;
  for (const auto* const code :
       {reinterpret_cast<const void*>(plan.setup.call), plan.setup.function}) {
    const auto place = code != nullptr ? host::locate(code) : host::CodeAddress{};
    if (!place) throw foreign_setup();
    first.insert(first.end(), {place->module, place->offset});
  }
  const auto& bytes = plan.setup.bytes;
  for (std::size_t at = 0; at < bytes.size(); at += word) {
    std::uint64_t next = 0;
    std::memcpy(&next, bytes.data() + at, (std::min)(word, bytes.size() - at));
    first.push_back(next);
  }
  return first;
}

/// Whether workers print into pipes. `from`: where the plan begins.
inline bool prints(const host::Numbers& numbers, std::size_t from) {
  return numbers[from + 3] != 0;
}
/// The plan in the numbers from `from` on; nothing if they are none. Throws Error(foreign_kernel)
/// if this process lacks the code of its setup.
inline std::optional<KeeperPlan> as_plan(const host::Numbers& numbers, std::size_t from,
                                         const host::Modules& modules) {
  constexpr std::size_t word = sizeof(std::uint64_t);
  if (numbers.size() < from + plan_numbers) return std::nullopt;
  const auto* at = numbers.data() + from;
  const std::uint64_t cores = at[4], bytes = at[5];
  const std::uint64_t setup_numbers = bytes == 0 ? 0 : 4 + (bytes + word - 1) / word;
  if (cores > max_workers || bytes > WorkerSetup::most_bytes ||
      numbers.size() - from != plan_numbers + cores + setup_numbers)
    return std::nullopt;
  KeeperPlan out{at[0], {}, at[1] != 0, static_cast<int>(at[2]), {}};
  at += plan_numbers;
  for (std::uint64_t i = 0; i < cores; ++i) out.cores.push_back(static_cast<int>(*at++));
  if (bytes == 0) return out;
  std::array<void*, 2> code{};
  for (auto& function : code) {
    const host::CodeAddress place{at[0], at[1]};
    at += 2;
    if (place == host::CodeAddress{}) continue;
    if ((function = modules.resolve(place)) == nullptr) throw foreign_setup();
  }
  if (code[0] == nullptr || (code[1] != nullptr && bytes != sizeof code[1])) return std::nullopt;
  std::vector<std::byte> its(bytes);
  std::memcpy(its.data(), at, its.size());
  out.setup = SetupCode(code[0], code[1], std::move(its));
  return out;
}

/// How many numbers stand before a keeper's plan: the caller's process id and start time, its
/// identity (two numbers), the number of workers.
inline constexpr std::size_t keeper_numbers = 5;

/// A number that is the same in every process of this build.
inline std::uint64_t program_identity() {
  const auto code = host::locate(reinterpret_cast<const void*>(&refuse_in_started_program));
  return code ? code->module : 0;
}

/// Called in the started program.
inline void answer_handshake(const Board& board) {
  board.replies().handshake_done.store(1);
  board.done_bell().ring();
}
/// Waits for the started program's answer. False if gone() before, or after 30 seconds.
template <class Gone>
bool wait_for_handshake(const Board& board, Gone&& gone) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto bell = board.done_bell();
  for (;;) {
    const auto epoch = bell.epoch();
    if (board.replies().handshake_done.load() != 0) return true;
    if (gone() || std::chrono::steady_clock::now() > deadline)
      return board.replies().handshake_done.load() != 0;
    bell.wait(epoch, std::chrono::milliseconds(20));
  }
}
/// `last`: how a process that did not answer ended, if known.
inline Error no_handshake(const std::string& last = {}) {
  return {Errc::pool_unusable, "TiledPool",
          "this program, started again, did not answer that it works for a pool" +
              (last.empty() ? "" : " (it " + last + ")"),
          how_to_spawn};
}

/// Throws Error(pool_unusable) if the started program does not answer as a keeper.
inline KeeperLink spawn_keeper(PoolMemory& pool, const KeeperPlan& plan) {
  host::ChannelPair pair("TiledPool");
  std::array<std::uint64_t, 2> identity;
  static_assert(sizeof identity == sizeof(Identity));
  std::memcpy(identity.data(), process_identity().data(), sizeof identity);
  const auto self = host::own_pid();
  const auto numbers = as_numbers({static_cast<std::uint64_t>(self), host::start_time_of(self),
                                   identity[0], identity[1], pool.board.workers().size()},
                                  plan, !pool.outputs.empty());
  host::InheritedHandles given{&pair.theirs.descriptor(), &pool.file};
  for (const auto& output : pool.outputs) given.push_back(&output.written_end());
  const auto started =
      host::respawn("TiledPool", {std::string(keeper_argument), host::as_word(numbers)},
                    std::string(started_variable) + "=1", given);
  pair.theirs.close();
  auto link = make_link(started.pid, std::move(pair.ours));
  if (!link) throw no_handshake();
  const auto ended = [&](int milliseconds) {
    return link->process.wait_ended(std::chrono::milliseconds(milliseconds));
  };
  if (!wait_for_handshake(pool.board, [&] { return ended(0); })) {
    link->process.kill();
    ended(1000);
    link->process.reap();
    throw no_handshake();
  }
  pool.file.reset();
  send(link->channel, Message::start);
  return *std::move(link);
}

/// The Error of run_as_worker for a program that was started otherwise.
inline Error not_started_by_a_pool(const std::string& why = {}) {
  return {Errc::invalid_argument, "run_as_worker",
          "no pool of this program has started it" + (why.empty() ? "" : ": " + why),
          "leave the arguments --tessera-keeper and --tessera-worker to pools"};
}

/// The process with this number and start time; nothing if it has ended.
inline std::optional<host::ProcessHandle> caller_of(int pid, std::uint64_t begun) {
  try {
    host::ProcessHandle caller(pid);
    if (host::start_time_of(pid) == begun) return caller;
  } catch (const Error&) {
    if (host::start_time_of(pid) == begun) throw;
  }
  return std::nullopt;
}

}  // namespace tessera::detail
