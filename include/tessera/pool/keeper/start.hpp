// Floor 4, pool/keeper: how a keeper and its workers come into being.
//
// A copy of the caller is there at once and has all that the caller has, its threads aside. The
// program started again has nothing of it but the board and a line of numbers; it answers on the
// board. Where a process can be copied the keeper is a child of the caller, a copy or the program
// started again, and workers are copies of the keeper. Where none can, the keeper is a thread of
// the caller and every worker is the program started again.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/children.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/program.hpp>
#include <tessera/host/thread.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/keeper/keeper.hpp>
#include <tessera/pool/worker/affinity.hpp>
#include <tessera/pool/worker/worker.hpp>

namespace tessera::detail {

/// A keeper that has its caller's word to start workers.
struct KeeperLink {
  host::Channel channel;
  host::ProcessHandle process;
};

/// Throws Error(invalid_argument) if this process has threads that a copy would not have; `threads`
/// is how many it has in all.
inline void refuse_among_threads(int& threads) {
  // One that was joined just now is counted for a moment more.
  for (int look = 0; look < 50 && host::other_threads(threads) > 0; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    threads = host::all_threads();
  }
  if (const int others = host::other_threads(threads); others > 0)
    throw Error(Errc::invalid_argument, "TiledPool",
                "the program has other threads (" + std::to_string(others) +
                    "), and a copy of it finds whatever they were doing "
                    "half done",
                "make the pool before other threads, or with StartMethod::spawn; with "
                "StartMethod::fork_with_threads if they hold nothing that kernels need");
}

/// A keeper that was started just now. It lives until it has had its caller's word, or sees that
/// there is none: as long as its end of the channel is open, its number is its own. Nothing where
/// it has ended.
inline std::optional<KeeperLink> watched(int pid, host::Channel channel) {
  try {
    host::ProcessHandle process(pid);
    if (channel.closed()) return std::nullopt;
    return KeeperLink{std::move(channel), std::move(process)};
  } catch (const Error&) {
    if (channel.closed()) return std::nullopt;
    channel.send(Keeper::word_of_end);
    throw;
  }
}

/// The keeper as a process, from its beginning on; `modules` are what is loaded in it, and `exit`
/// how it and its workers end. Returns its exit code.
inline int keep(const Board& board, const host::Channel& channel, const host::ProcessHandle& caller,
                const Identity& caller_identity, const KeeperPlan& plan,
                const host::Modules& modules, host::GuestExit& exit) {
  exit.begin();
  host::ignore_signals();
  // Out of the caller's process group, and out of its session unless workers are bound: the
  // terminal's Ctrl-C reaches neither the keeper nor its workers.
  host::detach("tessera-keeper", !plan.cores.empty());
  return Keeper(board, channel, caller, caller_identity, plan,
                [&](const host::Children&, std::size_t w, const Identity& identity) {
                  const auto keeper = host::own_pid();
                  return host::fork_child("TiledPool", [&] {
                    OwnIdentity::instance().become(identity);
                    host::reset_signals();
                    if (!plan.cores.empty()) host::ignore_terminal();
                    if (!host::end_with_parent(keeper, "tessera-worker")) return 0;
                    Worker(board, w, plan.turns,
                           w < plan.cores.size() ? Berth(plan.cores, w) : Berth(), modules, keeper)
                        .run();
                    return OwnIdentity::instance().asked_for() ? Keeper::may_leave_names : 0;
                  });
                })
      .run();
}

/// What the program that is started again is to be, and what it is told in its environment.
inline constexpr std::string_view keeper_argument = "--tessera-keeper",
                                  worker_argument = "--tessera-worker";
inline constexpr const char* started_variable = "TESSERA_STARTED_BY_POOL";
inline constexpr const char* how_to_spawn =
    "begin main() with `if (auto code = tessera::run_as_worker(argc, argv)) return *code;`";

/// In a program that was started by a pool and does not know it.
inline void refuse_in_started_program() {
  if (std::getenv(started_variable) != nullptr)
    throw Error(Errc::pool_unusable, "TiledPool",
                "this program was started again by a pool and is to work for it", how_to_spawn);
}

/// A plan as numbers, behind those that `first` holds.
inline host::Numbers as_numbers(host::Numbers first, const KeeperPlan& plan) {
  first.insert(first.end(), {plan.first, plan.turns ? 1u : 0u});
  for (const int core : plan.cores) first.push_back(static_cast<std::uint64_t>(core));
  return first;
}
inline KeeperPlan plan_of(const host::Numbers& numbers, std::size_t from) {
  KeeperPlan plan{numbers[from], {}, numbers[from + 1] != 0};
  for (std::size_t i = from + 2; i < numbers.size(); ++i)
    plan.cores.push_back(static_cast<int>(numbers[i]));
  return plan;
}

/// Waits until the program that was started again has answered; false if gone() before, or after
/// half a minute.
template <class Gone>
bool answers(const Board& board, Gone&& gone) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto news = board.news();
  for (;;) {
    const auto epoch = news.epoch();
    if (board.head().answered.load() != 0) return true;
    if (gone() || std::chrono::steady_clock::now() > deadline)
      return board.head().answered.load() != 0;
    news.wait(epoch, std::chrono::milliseconds(20));
  }
}
/// `last`: the end of one that did not, if it is known.
inline Error did_not_answer(const std::string& last = {}) {
  return {Errc::pool_unusable, "TiledPool",
          "this program, started again, did not answer that it works for a pool" +
              (last.empty() ? "" : " (it " + last + ")"),
          how_to_spawn};
}

inline KeeperLink fork_keeper(const Board& board, const KeeperPlan& plan, bool among_threads) {
  int threads = host::all_threads();
  if (!among_threads) refuse_among_threads(threads);
  const host::ProcessHandle self(host::own_pid());
  host::ChannelPair pair("TiledPool");
  const auto identity = process_identity();
  const auto modules = host::Modules::loaded_now();
  std::optional<host::GuestExit> exit;
  if (threads > 1) exit.emplace();  // here, since a copy may find the lock of exit() taken
  const auto pid = host::fork_unseen("TiledPool", threads, [&] {
    pair.ours.close();
    if (!exit) exit.emplace();
    return keep(board, pair.theirs, self, identity, plan, modules, *exit);
  });
  pair.theirs.close();
  auto link = watched(pid, std::move(pair.ours));
  if (!link)
    throw Error(Errc::pool_unusable, "TiledPool", "its keeper was ended as soon as it was started",
                "make a new pool");
  link->channel.send(Keeper::word_of_start);
  return *std::move(link);
}

/// Of the numbers for a keeper, those before its plan: the caller's process and when it began, its
/// identity, workers.
inline constexpr std::size_t keeper_numbers = 5;

/// Throws Error(pool_unusable) if the program that is started does not say that it is a keeper.
inline KeeperLink spawn_keeper(Premises& premises, const KeeperPlan& plan) {
  host::ChannelPair pair("TiledPool");
  std::array<std::uint64_t, 2> identity;
  static_assert(sizeof identity == sizeof(Identity));
  std::memcpy(identity.data(), process_identity().data(), sizeof identity);
  const auto self = host::own_pid();
  const auto numbers = as_numbers({static_cast<std::uint64_t>(self), host::begin_of(self),
                                   identity[0], identity[1], premises.board.worker_slots().size()},
                                  plan);
  const auto started = host::start_again(
      "TiledPool", {std::string(keeper_argument), host::as_word(numbers)},
      std::string(started_variable) + "=1", {&pair.theirs.descriptor(), &premises.file});
  pair.theirs.close();
  auto link = watched(started.pid, std::move(pair.ours));
  if (!link) throw did_not_answer();
  const auto ended = [&](int milliseconds) {
    return link->process.wait_ended(std::chrono::milliseconds(milliseconds));
  };
  if (!answers(premises.board, [&] { return ended(0); })) {
    link->process.kill();
    ended(1000);
    link->process.reap();
    throw did_not_answer();
  }
  premises.file.reset();
  link->channel.send(Keeper::word_of_start);
  return *std::move(link);
}

/// The same in every process of this build.
inline std::uint64_t program_identity() {
  const auto code = host::locate(reinterpret_cast<const void*>(&refuse_in_started_program));
  return code ? code->module : 0;
}

/// What keeps a program from being started, as the thread that tries it tells another.
class StartFailure {
 public:
  void tell(std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::move(failure);
    ++times_;
  }
  std::exception_ptr first() const noexcept {
    const std::lock_guard lock(mutex_);
    return first_;
  }
  std::size_t times() const noexcept {
    const std::lock_guard lock(mutex_);
    return times_;
  }

 private:
  mutable std::mutex mutex_;
  std::exception_ptr first_;
  std::size_t times_ = 0;
};

/// A keeper that is a thread of this process, whose workers are the program started again. Throws
/// Error(pool_unusable) if that does not say that it is a worker, and whatever keeps every worker
/// from being started.
template <class Process>
KeeperLink keep_in_thread(const std::shared_ptr<Premises>& premises, const KeeperPlan& plan) {
  host::ChannelPair pair("TiledPool");
  const auto failure = std::make_shared<StartFailure>();
  auto thread = Process::of_thread("TiledPool", [premises, plan, failure,
                                                 channel = std::move(pair.theirs)]() mutable {
    const auto& board = premises->board;
    host::Given given{&premises->file};
    board.wakers().work.give(given);
    board.wakers().news.give(given);
    const auto start = [&](auto& workers, std::size_t w, const Identity&) {
      try {
        const auto numbers = as_numbers({program_identity(), board.worker_slots().size(), w}, plan);
        return workers.start_again("TiledPool",
                                   {std::string(worker_argument), host::as_word(numbers)},
                                   std::string(started_variable) + "=1", given);
      } catch (...) {
        failure->tell(std::current_exception());
        board.news().ring();
        throw;
      }
    };
    Keeper(board, channel, Process(host::own_pid()), process_identity(), plan, start).run();
  });
  KeeperLink link{std::move(pair.ours), std::move(thread)};
  link.channel.send(Keeper::word_of_start);
  const auto worker_slots = premises->board.worker_slots().subspan(plan.first);
  const auto nobody_lives = [&] {
    if (link.process.wait_ended(std::chrono::milliseconds(0))) return true;
    std::size_t tried = failure->times();  // and not alive
    for (const auto& slot : worker_slots) {
      if (slot.ends.load() == 0 && slot.pid.load() != 0) return false;
      tried += slot.ends.load() != 0;
    }
    return tried >= worker_slots.size();
  };
  if (!answers(premises->board, nobody_lives)) {
    std::string last;
    for (const auto& slot : worker_slots)
      if (slot.ends.load() != 0) last = host::end_in_words(slot.last_end.load());
    link.channel.close();  // the thread ends the workers, and itself
    link.process.wait_ended(std::chrono::milliseconds(5000));
    if (const auto first = failure->first()) std::rethrow_exception(first);
    throw did_not_answer(last);
  }
  return link;
}

/// A pool's keeper where workers are no copies of the caller.
template <class Process = host::ProcessHandle>
KeeperLink start_again(const std::shared_ptr<Premises>& premises, const KeeperPlan& plan) {
  if constexpr (host::can_fork)
    return spawn_keeper(*premises, plan);
  else
    return keep_in_thread<Process>(premises, plan);
}

}  // namespace tessera::detail
