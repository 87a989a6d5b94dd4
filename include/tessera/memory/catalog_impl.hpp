// Floor 3, memory: the definitions of catalog.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/creation_failure.hpp>
#include <tessera/host/file_locks.hpp>
#include <tessera/host/name_info.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/memory/taken_name.hpp>

namespace tessera::catalog {

namespace detail {

TESSERA_FUNC std::optional<Entry> entry(const std::string& name, const Options& options) {
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

TESSERA_FUNC std::vector<Entry> list(const Options& options) {
  std::vector<Entry> out;
  host::require_listing("catalog::list");
  for (const auto& name : host::segment_names())
    if (auto entry = detail::entry(name, options)) out.push_back(std::move(*entry));
  return out;
}

TESSERA_FUNC std::vector<std::string> reap(const Options& options) {
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

TESSERA_FUNC bool remove(std::string_view text, Force force) {
  const SegmentName name(text);
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
