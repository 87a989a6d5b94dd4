// Public: catalog::list, reap, remove. Floor 3, memory: the segments on this machine.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/creation_failure.hpp>
#include <tessera/host/file_locks.hpp>
#include <tessera/host/name_info.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/taken_name.hpp>

namespace tessera::catalog {

/// What the folder of names holds under one name.
struct Entry {
  enum class Kind {
    owned,   ///< an array whose owner lives
    orphan,  ///< an array whose owner has ended: reap() removes it
    kept,    ///< an array that stays until it is removed; also a renamed one that has ended
    foreign  ///< anything else: of another program or user, or a copy
  };
  std::string name;
  Kind kind = Kind::foreign;
  std::optional<NpyHeader> header;  ///< nothing if it is not an .npy array
  std::uint64_t bytes = 0;          ///< size of the file, even if it can't be opened
  std::uint64_t user = 0;           ///< number of the user who owns it; 0 on Windows
  std::chrono::system_clock::time_point created{};  ///< 1970 if unknown
};

/// Whose arrays a call is about: `catalog::reap({.any_user = true})`.
struct Options {
  /// False: those of this user; what others own counts as foreign. True: all that this process may
  /// open and remove, as root can.
  bool any_user = false;
};

namespace detail {

inline std::optional<Entry> entry(const std::string& name, const Options& options = {}) {
  Entry out;
  out.name = name;
  try {
    const auto path = host::segment_path(name);
    const auto look = host::read_name_info(path);
    if (!look) return std::nullopt;  // removed since the folder was read
    out.bytes = look->bytes;
    out.user = look->user;
    const auto file = host::open_existing(path, host::Access::read_only, name);
    if (!file) return std::nullopt;
    const auto& info = file->info;
    out.bytes = info.bytes;
    const auto found = tessera::detail::read_metadata(*file, info, name);
    out.header = found.header;
    if (!found.control || !(info.ours || options.any_user)) return out;
    out.created = std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::nanoseconds(found.control->created_ns)));
    if (found.control->state != static_cast<std::uint32_t>(SegmentState::owned)) {
      out.kind = Entry::Kind::kept;
    } else {
      out.kind = host::owner_lives(*file, name) ? Entry::Kind::owned : Entry::Kind::orphan;
    }
  } catch (const Error&) {
    // It can't be read or is not an array: it is listed as foreign.
  }
  return out;
}

}  // namespace detail

/// Everything in the folder of names, sorted by name. Changes nothing. Throws Error: system if the
/// folder is missing, not_permitted if it can't be read.
inline std::vector<Entry> list(const Options& options = {}) {
  std::vector<Entry> out;
  host::require_listing("catalog::list");
  for (const auto& name : host::segment_names())
    if (auto entry = detail::entry(name, options)) out.push_back(std::move(*entry));
  return out;
}

/// Removes the names of all orphans and returns them, sorted. Also removes the unfinished files of
/// creators that died. Never touches kept arrays, copies or foreign files, whatever other processes
/// do meanwhile; any number of processes may reap at once. If another process holds an orphan's
/// lock, waits for it, a tenth of a second for all. Throws Error: system if the folder is missing,
/// not_permitted if it can't be read.
///
///     for (const auto& name : tessera::catalog::reap()) std::puts(name.c_str());
inline std::vector<std::string> reap(const Options& options = {}) {
  using tessera::detail::Removal;
  using tessera::detail::Whose;
  host::require_listing("catalog::reap");
  const auto whose = options.any_user ? Whose::any_user : Whose::own;
  std::vector<std::string> out, names = host::segment_names();
  const auto deadline = std::chrono::steady_clock::now() + tessera::detail::lock_timeout;
  for (;;) {
    std::vector<std::pair<std::string, host::FileId>> locked;
    for (const auto& name : names) {
      const auto removal = tessera::detail::try_remove_orphan(name, whose);
      if (removal.outcome == Removal::Outcome::removed) out.push_back(name);
      if (removal.outcome == Removal::Outcome::locked) locked.emplace_back(name, removal.file);
    }
    names.clear();
    if (locked.empty() || std::chrono::steady_clock::now() > deadline) break;
    const host::FileLocks locks;
    for (const auto& [name, file] : locked)
      if (!locks.owned(file)) names.push_back(name);
    if (names.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if constexpr (host::names_outlive_processes) host::sweep(host::segment_folder());
  std::sort(out.begin(), out.end());
  return out;
}

enum class Force { no, yes };

/// Removes a name; attached processes keep their memory. False if there is no such name. Throws
/// Error: not_permitted for a foreign file, for an array whose owner lives unless forced, and for
/// every array on Windows; timed_out if a process that is not the owner keeps its lock.
inline bool remove(const SegmentName& name, Force force = Force::no) {
  const auto path = host::segment_path(name.str());
  for (int tries = 0; tries < 100; ++tries) {
    const auto found = detail::entry(name.str());
    if (!found) return false;
    if (found->kind == Entry::Kind::foreign)
      throw Error(Errc::not_permitted, name.str(),
                  "this library did not make it, or another user owns it (user " +
                      std::to_string(found->user) + ")",
                  "let its owner remove it");
    if (found->kind == Entry::Kind::owned && force == Force::no)
      throw Error(Errc::not_permitted, name.str(), "its owner lives",
                  "let the owner end, or force it");
    if constexpr (!host::names_outlive_processes)
      throw Error(Errc::not_permitted, name.str(),
                  "on this system a name ends with the last process that has it attached",
                  "end those processes");
    if (tessera::detail::remove_orphan(name.str())) return true;
    const auto file = host::open_existing(path, host::Access::read_only, name.str());
    // Only a remover locks a kept array, so two removers can't both unlink it.
    if (file && (force == Force::yes || host::try_lock(*file, host::Lock::exclusive)) &&
        host::still_names(path, file->info.id)) {
      host::unlink(path);
      return true;
    }
    // Another process is removing it, or checks whether it is an orphan: that does not take long.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const auto look = host::read_name_info(path);
  const auto who = look ? host::describe_lock_holder(look->id) : "";
  throw Error(Errc::timed_out, name.str(),
              (who.empty() ? "another process" : who) + " holds its lock without owning it",
              "end that process, or force it");
}

}  // namespace tessera::catalog
