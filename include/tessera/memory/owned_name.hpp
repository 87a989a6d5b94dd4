// Floor 3, memory: the name of a segment that this process has created.
//
// The owner's lock is held as long as the name exists. The name is removed when its owner ends, or
// when the last job that uses it ends. Only the process that created it removes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <tessera/host/file.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/control_block.hpp>

namespace tessera::detail {

/// Empty if the segment was attached. Safe from any thread.
class OwnedName {
 public:
  OwnedName() = default;
  OwnedName(const OwnedName&) = delete;
  OwnedName& operator=(const OwnedName&) = delete;
  ~OwnedName() { end(); }

  /// Before the name is given: which file it is, where the control block stands in that, and what
  /// errors call it. What may throw comes here: a name that nobody owns would stay.
  void prepare(std::string path, const host::FileId& file, std::size_t control_at,
               std::string subject) {
    path_ = std::move(path);
    file_ = file;
    control_at_ = control_at;
    subject_ = std::move(subject);
  }
  /// The name was given, and this is its lock.
  void take(host::OwnerLock lock) noexcept { lock_ = std::move(lock); }

  /// True if this process owns the name.
  bool held() const noexcept { return lock_.held(); }
  const host::Descriptor& descriptor() const noexcept { return lock_.descriptor(); }

  /// Leaves the name to others. If the process is killed before the state is written, the array can
  /// be reaped; if after it, the array is kept, locked or not. Throws Error(system).
  void keep() {
    write_state(SegmentState::kept);
    lock_.release();
  }

  /// The owner ends: removes the name now, or when its last use ends.
  void end() noexcept {
    if (!ended_.exchange(true)) release();
  }

  /// Adds a use, which release() ends. False if the name is removed already.
  bool use() noexcept {
    auto uses = uses_.load();
    while (uses != 0 && !uses_.compare_exchange_weak(uses, uses + 1)) {
    }
    return uses != 0;
  }
  /// True if that was the last use of a name that this process owns.
  bool release() noexcept {
    // Acquire and release: the last to get here sees what the others did to this object.
    if (uses_.fetch_sub(1) != 1 || !held()) return false;
    // The name first: a process killed before this line leaves an orphan, one killed after it
    // nothing.
    bool gone = true;
    if constexpr (host::names_outlive_processes)
      if (host::still_names(path_, file_)) {
        host::unlink(path_);
        gone = !host::still_names(path_, file_);
      }
    try {
      // If this process has changed its user, it may not remove the name: an orphan is left.
      if (gone) write_state(SegmentState::ended);
    } catch (const std::exception&) {
      // Attached workers see a little later that the name is gone.
    }
    lock_.release();
    return true;
  }

 private:
  // Through the descriptor: if another process has truncated the segment, a store to the mapping
  // would raise SIGBUS.
  void write_state(SegmentState state) {
    const auto value = static_cast<std::uint32_t>(state);
    host::write_at(lock_.descriptor(), control_at_ + offsetof(ControlBlock, state),
                   {reinterpret_cast<const char*>(&value), sizeof value}, subject_);
  }

  host::OwnerLock lock_;
  std::string path_, subject_;
  host::FileId file_;
  std::size_t control_at_ = 0;
  std::atomic<std::uint32_t> uses_{1};  // one for the owner, and one for each use()
  std::atomic<bool> ended_{false};
};

}  // namespace tessera::detail
