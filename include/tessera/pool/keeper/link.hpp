// Floor 4, pool/keeper: the caller's connection to its keeper, and its messages.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/children.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/setup_code.hpp>

namespace tessera::detail {

/// Messages from the caller to the keeper, one byte each.
enum class Message : char {
  closed = 0,          ///< no byte: the caller has closed its end, or has ended
  start = 's',         ///< start the workers
  stop = 'e',          ///< the pool closes; the second one: it has no names left
  stop_at_once = 'x',  ///< the pool closes, and has no job for which workers should be waited
  timeout = 'd',       ///< a job with a time limit is armed
  kill = 'k'           ///< kill the workers that are inside Commands::expired_round
};

inline void send(const host::Channel& channel, Message message) noexcept {
  channel.send(static_cast<char>(message));
}

/// How a keeper starts its workers.
struct KeeperPlan {
  std::size_t first = 0;    ///< the first slot with a worker process
  std::vector<int> cores;   ///< worker w is pinned to cores[w]; empty: none is pinned
  bool spins = false;       ///< workers spin for a while before they sleep
  int library_threads = 1;  ///< in each worker; 0: as the libraries would
  SetupCode setup{};        ///< what each worker calls first
};

/// The keeper, as the caller sees it.
struct KeeperLink {
  host::Channel channel;
  host::ProcessHandle process;
};

/// The link to a keeper that was just started; nothing if the keeper has ended. A keeper lives
/// until it gets a message or sees that none will come. While its end of the channel is open, its
/// process id can't belong to another process.
inline std::optional<KeeperLink> make_link(int pid, host::Channel channel) {
  try {
    host::ProcessHandle process(pid);
    if (channel.closed()) return std::nullopt;
    return KeeperLink{std::move(channel), std::move(process)};
  } catch (const Error&) {
    if (channel.closed()) return std::nullopt;
    send(channel, Message::stop);
    throw;
  }
}

}  // namespace tessera::detail
