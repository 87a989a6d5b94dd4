// Floor 3, memory: the segments on this machine: list, remove, reap.
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
#include <tessera/host/name_look.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/taken_name.hpp>

namespace tessera::catalog {

/// What the segment folder holds under one name.
struct Entry {
  enum class Kind {
    owned,   ///< an array whose owner lives
    orphan,  ///< an array whose owner is gone: reap() removes it
    kept,    ///< an array that stays until it is removed (ended ones that were renamed, too)
    foreign  ///< anything else: another program's, another user's, a copy
  };
  std::string name;
  Kind kind = Kind::foreign;
  std::optional<NpyHeader> header;                  ///< nothing where the bytes are no .npy array
  std::uint64_t bytes = 0;                          ///< of the whole file, whoever may open it
  std::uint64_t user = 0;                           ///< whose it is, by number; 0 on Windows
  std::chrono::system_clock::time_point created{};  ///< epoch where unknown
};

/// Whose arrays a call is about, named as in `catalog::reap({.any_user = true})`.
struct Options {
  /// Any user's, as far as this process may open and remove them (as root can), and not this
  /// user's alone: then what others own is foreign.
  bool any_user = false;
};

namespace detail {

inline std::optional<Entry> entry(const std::string& name, const Options& options = {}) {
  Entry out;
  out.name = name;
  try {
    const auto path = host::segment_path(name);
    const auto look = host::look_at_name(path);
    if (!look) return std::nullopt;  // gone since the folder was read
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
    // Not readable, or no array: foreign, and listed as such.
  }
  return out;
}

}  // namespace detail

/// Everything in the segment folder, sorted by name. Changes nothing. Throws Error where the folder
/// is not there or can't be read.
inline std::vector<Entry> list(const Options& options = {}) {
  std::vector<Entry> out;
  host::require_listing("catalog::list");
  for (const auto& name : host::segment_names())
    if (auto entry = detail::entry(name, options)) out.push_back(std::move(*entry));
  return out;
}

/// Removes the names of all orphans, and says which they were, sorted; and what creators who died
/// have left that never got a name. Kept arrays, copies and
/// foreign files are never touched, whatever happens meanwhile. One whose lock somebody else holds
/// for a moment is waited for, a tenth of a second for all. Throws Error where the folder is not
/// there or can't be read.
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
/// Error(not_permitted) for a foreign file, and for an array whose owner lives unless forced.
inline bool remove(const SegmentName& name, Force force = Force::no) {
  const auto path = host::segment_path(name.str());
  for (int tries = 0; tries < 100; ++tries) {
    const auto found = detail::entry(name.str());
    if (!found) return false;
    if (found->kind == Entry::Kind::foreign)
      throw Error(Errc::not_permitted, name.str(),
                  "it is not an array of this library and this user (of number " +
                      std::to_string(found->user) + ")",
                  "leave it to whoever put it there");
    if (found->kind == Entry::Kind::owned && force == Force::no)
      throw Error(Errc::not_permitted, name.str(), "its owner lives",
                  "let the owner end, or force it");
    if constexpr (!host::names_outlive_processes)
      throw Error(Errc::not_permitted, name.str(),
                  "a name here goes when the last process that has it attached lets go of it",
                  "end those processes");
    if (tessera::detail::remove_orphan(name.str())) return true;
    const auto file = host::open_existing(path, host::Access::read_only, name.str());
    // Nobody but a remover locks a kept array, so two removers can't both unlink.
    if (file && (force == Force::yes || host::try_lock(*file, host::Lock::exclusive)) &&
        host::leads_to(path, file->info.id)) {
      host::unlink(path);
      return true;
    }
    // Another process removes it, reaps it or looks whether it is an orphan: it will not take long.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const auto look = host::look_at_name(path);
  const auto who = look ? host::lock_holder_in_words(look->id) : "";
  throw Error(Errc::timed_out, name.str(),
              (who.empty() ? "another process" : who) + " holds its lock without owning it",
              "end that process, or force it");
}

}  // namespace tessera::catalog
