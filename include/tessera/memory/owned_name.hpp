// Floor 3, memory: the name of a segment that this process has created, from there to its end.
//
// The owner's lock is held as long as the name is. The name goes when its owner ends, or with the
// last job that still uses it; only the process that created it ever removes it.
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

/// Empty where the segment was attached. Safe from any thread.
class OwnedName {
 public:
  OwnedName() = default;
  OwnedName(const OwnedName&) = delete;
  OwnedName& operator=(const OwnedName&) = delete;
  ~OwnedName() { end(); }

  /// Where the control block stands in the file, and what errors call it.
  void take(host::OwnerLock lock, std::string path, const host::FileId& file,
            std::size_t control_at, std::string subject) {
    lock_ = std::move(lock);
    path_ = std::move(path);
    file_ = file;
    control_at_ = control_at;
    subject_ = std::move(subject);
  }

  /// True if this process owns the name.
  bool held() const noexcept { return lock_.held(); }
  const host::Descriptor& descriptor() const noexcept { return lock_.descriptor(); }

  /// Leaves the name to others. Killed before the state is written: the array is reapable; after
  /// it: it is kept, locked or not. Throws Error(system).
  void keep() {
    write_state(SegmentState::kept);
    lock_.release();
  }

  /// The owner ends: the name goes now, or with its last use.
  void end() noexcept {
    if (!ended_.exchange(true)) release();
  }

  /// One more use, each of which release() ends. False if the name is gone.
  bool use() noexcept {
    auto uses = uses_.load();
    while (uses != 0 && !uses_.compare_exchange_weak(uses, uses + 1)) {
    }
    return uses != 0;
  }
  void release() noexcept {
    // Acquire and release: whoever is last sees what the others did to this object.
    if (uses_.fetch_sub(1) != 1 || !held()) return;
    // The name first: killed after that line nothing is left, before it the name is reapable.
    bool gone = true;
    if constexpr (host::names_outlive_processes)
      if (host::leads_to(path_, file_)) {
        host::unlink(path_);
        gone = !host::leads_to(path_, file_);
      }
    try {
      // A process that has another user now may not remove it: it is an orphan then.
      if (gone) write_state(SegmentState::ended);
    } catch (const std::exception&) {
      // Attached workers see that the name is gone, if a little later.
    }
    lock_.release();
  }

 private:
  // Through the descriptor: whoever truncated the segment must not give its owner a SIGBUS here.
  void write_state(SegmentState state) {
    const auto value = static_cast<std::uint32_t>(state);
    host::write_at(lock_.descriptor(), control_at_ + offsetof(ControlBlock, state),
                   {reinterpret_cast<const char*>(&value), sizeof value}, subject_);
  }

  host::OwnerLock lock_;
  std::string path_, subject_;
  host::FileId file_;
  std::size_t control_at_ = 0;
  std::atomic<std::uint32_t> uses_{1};  // the owner's own, and one for each use()
  std::atomic<bool> ended_{false};
};

}  // namespace tessera::detail
