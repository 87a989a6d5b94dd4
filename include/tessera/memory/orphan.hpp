// Floor 3, memory: names whose owner is gone.
//
// An orphan is proven, never guessed: a regular file of this user, a valid control block in state
// `owned` whose inode is its own, and its lock taken.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <string>

#include <tessera/base/error.hpp>
#include <tessera/format/npy_parser.hpp>
#include <tessera/host/name_look.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/metadata.hpp>

namespace tessera::detail {

/// What became of a name that may be an orphan's.
struct Removal {
  enum class Outcome {
    removed,
    locked,  ///< it looks like an orphan, but somebody holds its lock: an owner, or who looks at it
    no_orphan  ///< or there is nothing
  };
  Outcome outcome = Outcome::no_orphan;
  host::FileId file{};
};

/// Whose orphans are removed: this user's or, where the system allows it, any user's.
enum class Whose { own, any_user };

/// Removes `name` if it is a proven orphan: a regular file of this user, a valid control block in
/// state `owned` whose inode is its own (and whose owner `is_meant`), and the lock free. Unlinks
/// under that lock, and only while the name still leads there. Never throws.
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
    // Asked before the lock too, so that nothing foreign is ever locked; under it the answer is
    // final, since an owner sets `kept` before it lets go.
    if (!reapable()) return out;
    if (!host::try_lock(*file, host::Lock::exclusive)) {
      out.outcome = Removal::Outcome::locked;
      return out;
    }
    if (!reapable() || !host::leads_to(path, file->info.id)) return out;
    host::unlink(path);
    if (!host::leads_to(path, file->info.id)) out.outcome = Removal::Outcome::removed;
  } catch (const std::exception&) {
    // Whatever can't be opened, read or understood is no proven orphan.
  }
  return out;
}

/// The same, whoever owned it.
inline Removal try_remove_orphan(const std::string& name, Whose whose = Whose::own) noexcept {
  return try_remove_orphan_of(
      name, [](const Identity&) { return true; }, whose);
}

/// True if it is removed.
template <std::predicate<const Identity&> Meant>
bool remove_orphan_of(const std::string& name, Meant&& is_meant) noexcept {
  return try_remove_orphan_of(name, is_meant).outcome == Removal::Outcome::removed;
}
/// The same, whoever owned it, or of that owner.
inline bool remove_orphan(const std::string& name, const Identity* owner = nullptr) noexcept {
  return remove_orphan_of(
      name, [owner](const Identity& its) { return owner == nullptr || its == *owner; });
}

/// Removes orphans of this user without being asked for it, for who starts something: a bounded
/// look at the folder of names, where it is of this machine alone. Never throws.
inline void remove_some_orphans() noexcept {
  try {
    host::visit_own_files(std::chrono::milliseconds(2), [](const std::string& name) {
      // Nearly all are foreign, and an Error for each would take its time.
      const auto path = host::segment_path(name);
      const auto file = host::open_existing(path, host::Access::read_only, name);
      if (file && host::read_at(*file, 0, 6, name) == npy::magic) remove_orphan(name);
    });
  } catch (const std::exception&) {
    // For want of memory: the next who starts.
  }
}

}  // namespace tessera::detail
