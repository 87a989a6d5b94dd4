// Floor 3, memory: what create does about a name that is taken: take it over, or tell who has it.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include <tessera/base/error.hpp>
#include <tessera/host/file_locks.hpp>
#include <tessera/host/name_info.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/orphan.hpp>

namespace tessera::detail {

/// How long to wait for an orphan's lock if no owner holds it. A process that lists or reaps holds
/// it for microseconds; a child that is about to start another program, for some milliseconds.
inline constexpr std::chrono::milliseconds lock_timeout{100};

/// The Error for a name that a new array can't have. It tells what has the name, and whose that is.
inline Error name_taken_error(const std::string& name) {
  const auto error = [&](const std::string& who, std::string_view advice) {
    return Error(Errc::name_taken, name, "the name is taken by " + who, advice);
  };
  constexpr const char* other = "choose another name";
  const auto path = host::segment_path(name);
  const auto look = host::read_name_info(path);
  if (!look) return error("an array that has just ended", "try again");
  if (!look->regular) return error(look->thing, other);
  if (!look->ours)
    return error("a file of another user (number " + std::to_string(look->user) + ")", other);
  try {
    const auto file = host::open_existing(path, host::Access::read_only, name);
    if (!file) return error("an array that has just ended", "try again");
    const auto found = read_metadata(*file, file->info, name);
    if (!found.control)
      return error("an .npy file that this library has not made, or a copy of an array", other);
    if (found.control->state != static_cast<std::uint32_t>(SegmentState::owned))
      return error(
          "an array that was kept",
          "attach to it, choose another name, or remove it: SharedArray::remove, tessera rm");
    const host::FileLocks locks;
    const auto who = host::describe_lock_holder(file->info.id);
    if (!locks.holder(file->info.id) || locks.owned(file->info.id))
      return error("an array whose owner lives" + (who.empty() ? "" : ": " + who),
                   "attach to it, or choose another name");
    return error("an array whose owner has ended, and whose lock is held by " + who,
                 "end that process, or choose another name");
  } catch (const Error& unreadable) {
    return error(
        unreadable.errc() == Errc::not_an_array
            ? "a file that is no array"
            : "a file that can't be read (" + std::string(unreadable.what_happened()) + ")",
        other);
  }
}

/// Calls free(), which tries to take the name, until it returns true. Removes a proven orphan that
/// has the name; waits while another process only checks it. Throws Error(name_taken).
template <class Free>
void take_over(const std::string& name, Free&& free) {
  const auto deadline = std::chrono::steady_clock::now() + lock_timeout;
  for (int refusals = 0; !free();) {
    const auto removal = try_remove_orphan(name);
    if (removal.outcome == Removal::Outcome::removed) continue;
    // The array may be gone by now, or a reaper may be removing it: a few more tries.
    if (++refusals >= 4 &&
        (removal.outcome != Removal::Outcome::locked || host::FileLocks().owned(removal.file) ||
         std::chrono::steady_clock::now() > deadline))
      throw name_taken_error(name);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace tessera::detail
