// Floor 2, memory: the segments on this machine: list, remove, reap.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tessera/memory/segment.hpp>

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
  std::uint64_t bytes = 0;                          ///< of the whole file
  std::chrono::system_clock::time_point created{};  ///< epoch where unknown
};

namespace detail {

inline std::optional<Entry> entry(const std::string& name) {
  Entry out;
  out.name = name;
  try {
    const auto file = host::open_existing(host::segment_path(name), host::Access::read_only, name);
    if (!file) return std::nullopt;  // gone since the folder was read
    const auto& info = file->info;
    out.bytes = info.bytes;
    const auto found = tessera::detail::inspect(*file, info, name);
    out.header = found.header;
    if (!found.control || !info.ours) return out;
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

/// Everything in the segment folder, sorted by name. Changes nothing.
inline std::vector<Entry> list() {
  std::vector<Entry> out;
  for (const auto& name : host::segment_names())
    if (auto entry = detail::entry(name)) out.push_back(std::move(*entry));
  return out;
}

/// Removes the names of all orphans, and says which they were; and what creators who died have left
/// that never got a name. Kept arrays, copies and foreign
/// files are never touched, whatever happens meanwhile.
inline std::vector<std::string> reap() {
  std::vector<std::string> out;
  for (const auto& name : host::segment_names())
    if (tessera::detail::remove_orphan(name)) out.push_back(name);
  if constexpr (host::names_outlive_processes) host::sweep(host::segment_folder());
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
                  "it is not an array of this library and this user", "remove it by hand");
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
  throw Error(Errc::timed_out, name.str(), "another process holds its lock without owning it",
              "try again, or force it");
}

}  // namespace tessera::catalog
