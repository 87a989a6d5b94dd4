// Floor 3, memory: waiting for other processes: for a name, a complete file, free memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include <tessera/base/error.hpp>
#include <tessera/host/folder_watch.hpp>
#include <tessera/host/segment_files.hpp>

namespace tessera::detail {

/// Calls look(&seen) until it returns a segment; meanwhile it sleeps until the name appears in the
/// folder of names. If the name leads to no array yet, `seen` gets the reason: tessera's names
/// appear complete, those of other programs may not. Throws Error(timed_out).
template <class Look>
auto wait_for_segment(Look&& look, std::chrono::nanoseconds wait, const std::string& name) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto deadline =
      wait < (Clock::time_point::max)() - start ? start + wait : (Clock::time_point::max)();
  constexpr std::chrono::nanoseconds shortest = std::chrono::microseconds(200);
  constexpr std::chrono::nanoseconds longest = std::chrono::milliseconds(10);
  // Another machine's programs, or a changed mount, may give a name without the watch.
  constexpr std::chrono::nanoseconds longest_watched = std::chrono::milliseconds(500);
  std::optional<host::FolderWatch> watch;
  for (auto pause = shortest;; pause = (std::min)(2 * pause, longest)) {
    std::string seen;
    if (auto segment = look(&seen)) return segment;
    const auto now = Clock::now();
    if (now >= deadline) {
      if (seen.empty())
        throw Error(Errc::timed_out, name, "the name did not appear in time",
                    "start its creator, or wait longer");
      throw Error(Errc::timed_out, name,
                  "the name is there, but it was no array when the time was over: " + seen,
                  "let its writer finish, or wait longer");
    }
    if (!watch) {  // then look again: it may have appeared before the watch began
      watch.emplace(host::segment_folder());
      continue;
    }
    const auto sleep = watch->watches() && seen.empty() ? longest_watched : pause;
    watch->wait(name, (std::min<std::chrono::nanoseconds>)(sleep, deadline - now));
  }
}

/// Reserves the bytes of a new file. Tries again for half a second: workers that were attached to
/// an array which has just ended release its memory within a quarter of a second. Throws
/// Error(no_space).
inline void reserve_with_retry(host::StagedFile& file, std::uint64_t bytes,
                               const std::string& subject) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  for (;;) {
    try {
      return file.reserve(bytes, subject);
    } catch (const Error& error) {
      if (error.errc() != Errc::no_space || std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
}

}  // namespace tessera::detail
