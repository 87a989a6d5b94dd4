// Floor 1, host: which process holds the lock of a file, as far as the system reports it.
//
// For error texts, and to tell an owner from a process that just checks an array. Whether an owner
// lives is decided by the lock itself. /proc/locks names the process that took a lock. If that
// process has ended, a child of it has inherited the lock, and is searched for among all processes.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/process.hpp>

#if defined(TESSERA_LINUX)
#include <sys/stat.h>
#include <sys/sysmacros.h>
#endif

namespace tessera::host {

/// The process that took a lock.
struct LockHolder {
  int pid = 0;
  bool shared = false;  ///< true for processes that check whether an owner lives
};

/// All file locks at construction; empty if the system does not report them.
class FileLocks {
 public:
  FileLocks() {
#if defined(TESSERA_LINUX)
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
      char kind[8] = {};
      unsigned major = 0, minor = 0;
      Held held;
      unsigned long long inode = 0;
      if (std::sscanf(line.c_str(), "%*d: FLOCK %*s %7s %d %x:%x:%llu", kind, &held.holder.pid,
                      &major, &minor, &inode) != 5 ||
          held.holder.pid <= 0)
        continue;
      held.holder.shared = kind[0] == 'R';
      held.file = {::gnu_dev_makedev(major, minor), inode};
      held_.push_back(held);
    }
#endif
  }

  /// The holder of this file's lock. Holders that this process can't see, as in other containers,
  /// are not found.
  std::optional<LockHolder> holder(const FileId& file) const {
    for (const auto& held : held_)
      if (held.file == file) return held.holder;
    return std::nullopt;
  }

  /// True if a living process holds the lock exclusively, as an owner does.
  bool owned(const FileId& file) const {
    const auto found = holder(file);
    return found && !found->shared && start_time_of(found->pid) != 0;
  }

 private:
  struct Held {
    FileId file;
    LockHolder holder;
  };
  std::vector<Held> held_;
};

/// A process as text: "process 123 (python3)".
inline std::string describe_process(int pid) {
  auto number = "process " + std::to_string(pid);
#if defined(TESSERA_LINUX)
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  if (std::getline(file, name) && !name.empty()) return number + " (" + name + ")";
#endif
  return number;
}

/// The processes that have this file open, as far as this process may inspect them. Searches all
/// processes.
inline std::vector<int> processes_with(const FileId& file) {
  std::vector<int> out;
#if defined(TESSERA_LINUX)
  std::error_code none;
  using Entries = std::filesystem::directory_iterator;
  for (Entries process("/proc", none), end; !none && process != end; process.increment(none)) {
    const auto text = process->path().filename().string();
    const auto pid = std::atoi(text.c_str());
    if (pid <= 0) continue;
    std::error_code refused;
    for (Entries open(process->path() / "fd", refused), last; !refused && open != last;
         open.increment(refused)) {
      struct stat s {};
      if (::stat(open->path().c_str(), &s) != 0 || FileId{s.st_dev, s.st_ino} != file) continue;
      out.push_back(pid);
      break;
    }
  }
#else
  static_cast<void>(file);
#endif
  return out;
}

/// The holder of a file's lock as text; empty if the system does not report it.
inline std::string describe_lock_holder(const FileId& file) {
  const auto found = FileLocks().holder(file);
  if (!found) return {};
  if (start_time_of(found->pid) != 0) return describe_process(found->pid);
  for (const int pid : processes_with(file)) {
    if (pid == own_pid()) continue;
    return describe_process(pid) + ", which has it from process " + std::to_string(found->pid) +
           " that has ended";
  }
  return "a process started by process " + std::to_string(found->pid) + ", which has ended";
}

}  // namespace tessera::host
