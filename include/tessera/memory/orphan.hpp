// Floor 3, memory: removal of names whose owner has ended.
//
// An orphan is proven, never guessed: a regular file of this user; a valid control block in state
// `owned`, with the inode of the file itself; and its lock, taken by this process.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <string>

#include <tessera/base/error.hpp>
#include <tessera/format/npy_parser.hpp>
#include <tessera/host/name_info.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/metadata.hpp>

namespace tessera::detail {

/// What became of a name that may be an orphan's.
struct Removal {
  enum class Outcome {
    removed,
    locked,    ///< a process holds its lock: its owner, or one that checks whether it is an orphan
    no_orphan  ///< or no such name
  };
  Outcome outcome = Outcome::no_orphan;
  host::FileId file{};
};

/// Whose orphans are removed: those of this user, or all that the system allows.
enum class Whose { own, any_user };

/// Removes `name` if it is a proven orphan (see above) and its owner `is_meant`. It unlinks under
/// the orphan's lock, and only while the name leads to the locked file. Never throws.
template <std::predicate<const Identity&> Meant>
Removal try_remove_orphan_of(const std::string& name, Meant&& is_meant,
                             Whose whose = Whose::own) noexcept {
  Removal out;
  try {
    const auto path = host::segment_path(name);
    const auto file = host::open_existing(path, host::Access::read_only, name);
    if (!file || (!file->info.ours && whose == Whose::own)) return out;
    out.file = file->info.id;
    const auto reapable = [&] {
      const auto found = read_metadata(*file, host::file_info(*file, name), name).control;
      return found && found->state == static_cast<std::uint32_t>(SegmentState::owned) &&
             is_meant(found->owner);
    };
    // Checked before locking too, so that no foreign file is ever locked. Under the lock the answer
    // is final: an owner sets `kept` before it releases the lock.
    if (!reapable()) return out;
    if (!host::try_lock(*file, host::Lock::exclusive)) {
      out.outcome = Removal::Outcome::locked;
      return out;
    }
    if (!reapable() || !host::still_names(path, file->info.id)) return out;
    host::unlink(path);
    if (!host::still_names(path, file->info.id)) out.outcome = Removal::Outcome::removed;
  } catch (const std::exception&) {
    // What can't be opened, read or understood is not a proven orphan.
  }
  return out;
}

/// As try_remove_orphan_of, for any owner.
inline Removal try_remove_orphan(const std::string& name, Whose whose = Whose::own) noexcept {
  return try_remove_orphan_of(
      name, [](const Identity&) { return true; }, whose);
}

/// True if try_remove_orphan_of has removed it.
template <std::predicate<const Identity&> Meant>
bool remove_orphan_of(const std::string& name, Meant&& is_meant) noexcept {
  return try_remove_orphan_of(name, is_meant).outcome == Removal::Outcome::removed;
}
/// As remove_orphan_of, for that owner, or for any.
inline bool remove_orphan(const std::string& name, const Identity* owner = nullptr) noexcept {
  return remove_orphan_of(
      name, [owner](const Identity& its) { return owner == nullptr || its == *owner; });
}

/// Removes some orphans of this user when a pool starts. Searches the folder of names for about 2
/// ms, if the folder belongs to this machine alone. Never throws.
inline void remove_some_orphans() noexcept {
  try {
    host::visit_own_files(std::chrono::milliseconds(2), [](const std::string& name) {
      // Most files are foreign, and an Error for each would be slow.
      const auto path = host::segment_path(name);
      const auto file = host::open_existing(path, host::Access::read_only, name);
      if (file && host::read_at(*file, 0, 6, name) == npy::magic) remove_orphan(name);
    });
  } catch (const std::exception&) {
    // No memory: the next start tries again.
  }
}

}  // namespace tessera::detail
