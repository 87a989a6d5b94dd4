// Floor 1, host: the functions of headroom.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <tessera/base/error.hpp>
#include <tessera/host/cgroup.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

namespace detail {

inline std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;  // missing, or "max"
}

/// Memory that this process's control groups still allow: the minimum over the groups and their
/// parents. Page cache counts as free. Nothing if there is no limit.
inline std::optional<std::uint64_t> cgroup_headroom(const CgroupTree& tree = {}) {
  std::optional<std::uint64_t> least;
  for_each_cgroup(tree, "memory", [&](const std::string& folder, int version) {
    const bool second = version == 2;
    const auto most = number_in(folder + (second ? "memory.max" : "memory.limit_in_bytes")),
               used = number_in(folder + (second ? "memory.current" : "memory.usage_in_bytes"));
    if (!most || !used) return;
    const std::string prefix = second ? "" : "total_";
    std::uint64_t cache = 0, value = 0;
    std::ifstream stat(folder + "memory.stat");
    for (std::string key; stat >> key >> value;)
      if (key == prefix + "active_file" || key == prefix + "inactive_file") cache += value;
    const std::uint64_t held = *used > cache ? *used - cache : 0;
    const std::uint64_t room = *most > held ? *most - held : 0;
    least = (std::min)(least.value_or(room), room);
  });
  return least;
}

/// Free memory of the machine, including swap.
inline std::optional<std::uint64_t> machine_headroom() {
  std::ifstream meminfo("/proc/meminfo");
  std::uint64_t kilobytes = 0, sum = 0;
  bool seen = false;
  for (std::string key, line; meminfo >> key >> kilobytes && std::getline(meminfo, line);) {
    if (key == "MemAvailable:") seen = true;
    if (key == "MemAvailable:" || key == "SwapFree:") sum += kilobytes * 1024;
  }
  if (!seen) return std::nullopt;
  return sum;
}

/// Throws Error(no_space), with the bytes wanted and free, if a readable limit does not allow
/// `more` bytes for a file of `bytes` in total. Returns the advice for a later lack of space.
inline std::string check_room(const Descriptor& file, std::uint64_t bytes, std::uint64_t more,
                              Medium medium, const std::string& subject) {
  const auto refuse = [&](std::uint64_t free, const std::string& what, std::string_view advice) {
    return Error(Errc::no_space, subject,
                 "wants " + std::to_string(bytes) + " bytes, and " + what + " has " +
                     std::to_string(free) + " free",
                 advice);
  };
  // The folder of names may be on a disk, and a user's own file in memory.
  const auto storage = storage_of(file);
  const bool memory =
      storage == Storage::unknown ? medium == Medium::shared_memory : storage == Storage::memory;
  std::string advice = [&]() -> std::string {
    const std::string elsewhere =
        medium == Medium::shared_memory ? ", or have names in another folder: TESSERA_DIR" : "";
    if (storage == Storage::huge_pages)
      return "make more huge pages (/proc/sys/vm/nr_hugepages)" + elsewhere;
    if (!memory) return "free space on the disk" + elsewhere;
    return "free memory (remove arrays that are kept, end programs), raise the limit (docker run "
           "--shm-size, mount -o remount,size=... " +
           std::string(medium == Medium::shared_memory ? segment_folder() : "MOUNT") + ")" +
           elsewhere;
  }();
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      limit.rlim_cur < bytes)
    throw refuse(limit.rlim_cur, "the file size limit (RLIMIT_FSIZE)", "raise it: ulimit -f");
  struct statvfs fs {};
  if (::fstatvfs(file.get(), &fs) == 0 && fs.f_blocks != 0) {
    const std::uint64_t free = fs.f_bavail * fs.f_frsize;
    if (more > free)
      throw refuse(free,
                   memory                           ? "shared memory"
                   : storage == Storage::huge_pages ? "its pool of huge pages"
                                                    : "its disk",
                   advice);
  }
  if (memory) {
    if (const auto room = cgroup_headroom(); room && more > *room)
      throw refuse(*room, "the memory control group", advice);
    if (const auto room = machine_headroom(); room && more > *room)
      throw refuse(*room, "the machine's memory", advice);
  }
  return advice;
}

/// How many of a file's first `bytes` are in holes. If the system can't tell: all bytes without
/// reserved space. A compressed file has less space reserved, and no holes.
inline std::uint64_t holes_in(const Descriptor& file, std::uint64_t held, std::uint64_t bytes) {
  if (held >= bytes) return 0;
#if defined(SEEK_HOLE)
  const auto end = static_cast<off_t>(bytes);
  std::uint64_t holes = 0;
  for (off_t at = 0; at < end;) {
    const off_t hole = ::lseek(file.get(), at, SEEK_HOLE);
    if (hole < 0) break;
    if (hole >= end) return holes;
    at = ::lseek(file.get(), hole, SEEK_DATA);
    if (at < 0 || at > end) at = end;  // no data after it
    holes += static_cast<std::uint64_t>(at - hole);
    if (at == end) return holes;
  }
#else
  static_cast<void>(file);
#endif
  return bytes - held;
}

/// Makes the system reserve space for a file. Calls `cannot(offset, length)` for parts for which
/// the file system lacks the call. Returns errno, or 0.
template <class Cannot>
int allocate(const Descriptor& file, std::uint64_t bytes, Cannot&& cannot) {
  // In chunks: after a signal, some kernels restart a large reservation from its beginning.
  constexpr std::uint64_t chunk = std::uint64_t{64} << 20;
  for (std::uint64_t at = 0; at < bytes; at += chunk) {
    const auto length = (std::min)(chunk, bytes - at);
    const int error = [&] {
      return retry([&] {
               return ::fallocate(file.get(), 0, static_cast<off_t>(at),
                                  static_cast<off_t>(length));
             }) == 0
                 ? 0
                 : errno;
    }();
    if (error == EOPNOTSUPP)
      cannot(at, length);
    else if (error != 0)
      return error;
  }
  return 0;
}

}  // namespace detail

inline void reserve(const Descriptor& file, std::uint64_t bytes, Medium medium,
                    const std::string& subject) {
  // What an earlier call, interrupted by a lack, has reserved already is not wanted again.
  struct stat now {};
  const auto has =
      ::fstat(file.get(), &now) == 0 ? static_cast<std::uint64_t>(now.st_blocks) * 512 : 0;
  const auto advice =
      detail::check_room(file, bytes, bytes > has ? bytes - has : 0, medium, subject);
  const int error =
      detail::allocate(file, bytes, [&](std::uint64_t at, std::uint64_t length) {  // zeros
        const std::string zeros(1 << 20, '\0');
        for (std::uint64_t done = 0; done < length; done += zeros.size())
          write_at(file, at + done, std::string_view(zeros).substr(0, length - done), subject);
      });
  if (error != 0)
    throw system_failure(error, subject, "reserving " + std::to_string(bytes) + " bytes", advice);
}

inline void reserve_holes(const Descriptor& file, const FileInfo& info, std::uint64_t bytes,
                          const std::string& subject) {
  const auto holes = detail::holes_in(file, info.held, bytes);
  if (holes == 0) return;
  const auto advice = detail::check_room(file, holes, holes, Medium::disk, subject);
  const int error = detail::allocate(file, bytes, [](std::uint64_t, std::uint64_t) {});
  if (error == ENOSPC || error == EDQUOT || error == EFBIG || error == ENOMEM)
    throw Error(Errc::no_space, subject,
                "reserving its holes: " + std::generic_category().message(error), advice);
}

}  // namespace tessera::host

#endif
