// Floor 3, memory: the identity of this process, which every array that it owns records.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <tessera/host/owner_lock.hpp>
#include <tessera/host/random_bytes.hpp>
#include <tessera/memory/control_block.hpp>

namespace tessera::detail {

/// The identity of this process: random, and another one in every process, forked ones too.
class OwnIdentity {
 public:
  static OwnIdentity& instance() {
    static OwnIdentity mine;
    if (mine.generation_ != host::fork_generation()) mine.become(host::random_identity());
    return mine;
  }
  /// Replaces the identity: for a process whose names another process will remove after its end.
  void become(const Identity& identity) noexcept {
    generation_ = host::fork_generation();
    identity_ = identity;
    asked_for_.store(false, std::memory_order_relaxed);
  }
  const Identity& get() noexcept {
    asked_for_.store(true, std::memory_order_relaxed);
    return identity_;
  }
  /// False if no array can have recorded it.
  bool asked_for() const noexcept { return asked_for_.load(std::memory_order_relaxed); }

 private:
  OwnIdentity() : generation_(host::fork_generation()), identity_(host::random_identity()) {}
  std::uint64_t generation_;
  Identity identity_;
  std::atomic<bool> asked_for_{false};
};
inline const Identity& process_identity() { return OwnIdentity::instance().get(); }

/// The control block of a new array of this process, in the file with that inode.
inline ControlBlock new_control_block(std::uint64_t inode) {
  ControlBlock block;
  block.state = static_cast<std::uint32_t>(SegmentState::owned);
  block.identity = host::random_identity();
  block.owner = process_identity();
  block.inode = inode;
  block.created_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  return block;
}

}  // namespace tessera::detail
