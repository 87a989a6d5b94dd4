// Floor 4, pool/keeper: what the caller has of its keeper, and what it says to it.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/children.hpp>
#include <tessera/host/process.hpp>

namespace tessera::detail {

/// From the caller to the keeper, one byte each.
enum class Message : char {
  closed = 0,     ///< no byte: the caller has closed its end, as when it has ended
  start = 's',    ///< workers are to be started
  stop = 'e',     ///< the pool closes; a second time: nothing of the pool is left
  timeout = 'd',  ///< a job whose tiles have a time limit is armed
  kill = 'k'      ///< workers that are inside Commands::expired_round are to be killed
};

inline void send(const host::Channel& channel, Message message) noexcept {
  channel.send(static_cast<char>(message));
}

/// How a keeper starts its workers.
struct KeeperPlan {
  std::size_t first = 0;   ///< the first place with a worker process of its own
  std::vector<int> cores;  ///< worker w is pinned to cores[w]; empty: none is pinned
  bool spins = false;      ///< workers spin for a while before they sleep
};

/// A keeper, as its caller has it.
struct KeeperLink {
  host::Channel channel;
  host::ProcessHandle process;
};

/// The link to a keeper process that was started just now; nothing where it has ended. It lives
/// until it has its caller's message or sees that there will be none. As long as its end of the
/// channel is open, its process number is its own.
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
