// Floor 1, host: the user and groups of this process, and whether they have changed.
//
// Reading them takes as long as a short job. So they are read only if a change is possible: after a
// gap that is long enough for the call that makes it; and otherwise from time to time, at most half
// a percent of the time. On Windows a process keeps its user.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)
#include <sys/types.h>
#include <unistd.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

/// Those of the calling thread. Calls of the C library change them for all threads.
struct Credentials {
  std::array<::uid_t, 3> user{};  ///< real, effective, saved
  std::array<::gid_t, 3> group{};
  std::vector<::gid_t> groups;  ///< supplementary groups

  static std::array<::uid_t, 3> users() noexcept {
    std::array<::uid_t, 3> out{};
#if defined(TESSERA_LINUX)
    ::getresuid(&out[0], &out[1], &out[2]);
#else
    out = {::getuid(), ::geteuid(), 0};
#endif
    return out;
  }
  static Credentials now() {
    Credentials out;
    out.user = users();
#if defined(TESSERA_LINUX)
    ::getresgid(&out.group[0], &out.group[1], &out.group[2]);
#else
    out.group = {::getgid(), ::getegid(), 0};
#endif
    if (const int count = ::getgroups(0, nullptr); count > 0) {
      out.groups.resize(static_cast<std::size_t>(count));
      out.groups.resize(
          static_cast<std::size_t>((std::max)(::getgroups(count, out.groups.data()), 0)));
    }
    return out;
  }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

class CredentialWatch {
 public:
  using Clock = std::chrono::steady_clock;

  CredentialWatch() {
    for (int time = 0; time < 3; ++time) {
      const auto began = Clock::now();
      static_cast<void>(Credentials::users());
      const auto middle = Clock::now();
      static_cast<void>(Credentials::now());
      call_ = (std::min)(call_, middle - began);
      all_ = (std::min)(all_, Clock::now() - middle);
    }
  }

  /// True if they differ from those at construction.
  bool changed() const { return !(Credentials::now() == made_with_); }

  /// As changed(), for a job that begins now. It may skip the check, as described above.
  bool changed_by(Clock::time_point now) {
    if (now - looked_ >= 200 * all_) {
      looked_ = now;
      return changed();
    }
    const Clock::duration shortest = std::chrono::microseconds(1);
    return now - left_ >= (std::max)(shortest, call_) && Credentials::users() != made_with_.user;
  }
  void job_ended(Clock::time_point now) noexcept { left_ = now; }

  /// The old and the new ones, as text.
  std::string describe() const {
    const auto now = Credentials::now();
    return "user " + std::to_string(made_with_.user[1]) + ", group " +
           std::to_string(made_with_.group[1]) + " then, user " + std::to_string(now.user[1]) +
           ", group " + std::to_string(now.group[1]) + " now";
  }

 private:
  Credentials made_with_ = Credentials::now();
  Clock::duration call_ = std::chrono::seconds(1), all_ = call_;  // how long reading takes
  Clock::time_point looked_{}, left_{};
};

#else

class CredentialWatch {
 public:
  using Clock = std::chrono::steady_clock;
  bool changed() const noexcept { return false; }
  bool changed_by(Clock::time_point) const noexcept { return false; }
  void job_ended(Clock::time_point) const noexcept {}
  std::string describe() const { return {}; }
};

#endif

}  // namespace tessera::host
