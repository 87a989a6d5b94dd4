// Floor 1, host: where names live. Create, publish, lock, open, enumerate, unlink.
//
// A segment is created without a name (O_TMPFILE), locked and filled, and only then linked to its
// name: the name appears complete and locked, and a creator that dies before leaves nothing. The
// lock on the owner's descriptor is its liveness: the kernel frees it when the owner ends, however
// it ends. Forked children close owner descriptors and never unlock them, since the lock belongs to
// the open file that parent and child would share.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/mapping.hpp>

#if defined(TESSERA_POSIX)
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// Which file: the same for two names of one file, another for a name made anew.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

/// What the system knows of an open file.
struct FileInfo {
  FileId id;
  std::uint64_t bytes = 0;
  bool regular = false;
  bool ours = false;  ///< belongs to this process's effective user
};

/// The folder of named segments.
inline const std::string& segment_directory() {
#if defined(TESSERA_LINUX)
  static const std::string directory = "/dev/shm/";
#else
  static const std::string directory = "/tmp/";
#endif
  return directory;
}

inline std::string segment_path(std::string_view name) { return segment_directory() + std::string(name); }

namespace detail {

/// Descriptors that hold a lock, for the handler that closes them in a forked child. Never destroyed:
/// arrays with static storage end after everything else.
class Owners {
 public:
  static Owners& instance() {
    static auto* const owners = new Owners;
    return *owners;
  }
  /// Opens and remembers in one step, as far as a fork by another thread is concerned.
  Descriptor add(auto&& open) {
    const std::lock_guard lock(mutex_);
    fds_.reserve(fds_.size() + 1);
    Descriptor file = open();
    if (file) fds_.push_back(file.get());
    return file;
  }
  /// Takes the descriptor out and closes it, unless a fork has closed it already.
  void close(int fd) noexcept {
    const std::lock_guard lock(mutex_);
    if (const auto it = std::find(fds_.begin(), fds_.end(), fd); it != fds_.end()) {
      fds_.erase(it);
      ::close(fd);
    }
  }
  std::uint64_t forks() const noexcept { return forks_; }

 private:
  Owners() {
    ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                     [] {
                       auto& self = instance();
                       for (const int fd : self.fds_) ::close(fd);
                       self.fds_.clear();
                       ++self.forks_;
                       self.mutex_.unlock();
                     });
  }
  std::mutex mutex_;
  std::vector<int> fds_;
  std::uint64_t forks_ = 0;
};

inline int retry(auto&& call) {
  int result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

inline std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;  // absent, or "max"
}

/// Memory that this process's control group may still take, if it is limited: the least over the
/// group and its parents, page cache counted as free.
inline std::optional<std::uint64_t> cgroup_headroom() {
  std::ifstream groups("/proc/self/cgroup");
  std::optional<std::uint64_t> least;
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) != 0) continue;
    for (std::string group = line.substr(3); !group.empty(); group.resize(group.find_last_of('/'))) {
      const std::string folder = "/sys/fs/cgroup" + group;
      const auto most = number_in(folder + "/memory.max"), used = number_in(folder + "/memory.current");
      if (most && used) {
        std::uint64_t cache = 0, value = 0;
        std::ifstream stat(folder + "/memory.stat");
        for (std::string key; stat >> key >> value;)
          if (key == "active_file" || key == "inactive_file") cache += value;
        const std::uint64_t held = *used > cache ? *used - cache : 0;
        const std::uint64_t room = *most > held ? *most - held : 0;
        least = std::min(least.value_or(room), room);
      }
      if (group.find_last_of('/') == std::string::npos) break;
    }
  }
  return least;
}

/// Memory that the machine can still give, swap included.
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

}  // namespace detail

/// How many times this process, or an ancestor since it first used the library, was a fork's child:
/// an object that remembers the count knows whether it is used in the process that made it.
inline std::uint64_t fork_generation() { return detail::Owners::instance().forks(); }

/// A descriptor whose lock proves that its owner lives. Closed, never unlocked, in forked children.
class OwnerLock {
 public:
  OwnerLock() = default;
  OwnerLock(OwnerLock&& other) noexcept = default;
  OwnerLock& operator=(OwnerLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(generation_, other.generation_);
    return *this;
  }
  ~OwnerLock() { release(); }

  /// `open` returns the Descriptor, which no forked child will keep.
  explicit OwnerLock(std::invocable auto&& open) : fd_(detail::Owners::instance().add(open)), generation_(fork_generation()) {}

  /// True in the process that owns, false in its forked children.
  bool held() const noexcept { return fd_ && generation_ == fork_generation(); }
  const Descriptor& descriptor() const noexcept { return fd_; }

  void release() noexcept {
    if (!fd_) return;
    const int fd = fd_.release();
    if (generation_ == fork_generation()) detail::Owners::instance().close(fd);
  }

 private:
  Descriptor fd_;
  std::uint64_t generation_ = 0;
};

inline FileInfo file_info(const Descriptor& file, const std::string& subject) {
  struct stat s {};
  if (::fstat(file.get(), &s) != 0) throw system_failure(errno, subject, "reading its size");
  return {{static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)},
          static_cast<std::uint64_t>(s.st_size),
          S_ISREG(s.st_mode),
          s.st_uid == ::geteuid()};
}

/// True if `path` itself (no link followed) leads to the file `id`.
inline bool leads_to(const std::string& path, const FileId& id) {
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0 && static_cast<std::uint64_t>(s.st_dev) == id.device &&
         static_cast<std::uint64_t>(s.st_ino) == id.inode;
}

/// Opens an existing regular file; nothing if there is none. Links, fifos and devices are refused:
/// a name must be the array itself. `follow` is for a person's own files, which may be links.
inline std::optional<Descriptor> open_existing(const std::string& path, Access access, const std::string& subject,
                                               bool follow = false) {
  const int flags = (access == Access::read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK |
                    (follow ? 0 : O_NOFOLLOW);
  Descriptor file(detail::retry([&] { return ::open(path.c_str(), flags); }));
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
      throw Error(Errc::not_an_array, subject, "it is a link, a directory or a device",
                  "a name must lead to a regular file");
    if (errno == EMFILE || errno == ENFILE)
      throw system_failure(errno, subject, "opening", "close files or raise ulimit -n");
    throw system_failure(errno, subject, "opening", access == Access::read_write ? "a const element type opens read-only" : "");
  }
  if (!file_info(file, subject).regular)
    throw Error(Errc::not_an_array, subject, "it is not a regular file", "a name must lead to a regular file");
  return file;
}

/// Reads up to `bytes` at `offset`; fewer only where the file ends. Never a SIGBUS, whoever
/// truncates the file meanwhile.
inline std::string read_at(const Descriptor& file, std::uint64_t offset, std::size_t bytes, const std::string& subject) {
  std::string out(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const auto n = ::pread(file.get(), out.data() + got, bytes - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, subject, "reading");
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

/// Writes all of `bytes` at `offset`.
inline void write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes, const std::string& subject) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, subject, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

enum class Lock { exclusive, shared };

/// Takes the lock if nobody holds one against it. A shared one asks whether an owner lives without
/// looking like one to the next who asks.
inline bool try_lock(const Descriptor& file, Lock lock) {
  const int operation = (lock == Lock::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  return detail::retry([&] { return ::flock(file.get(), operation); }) == 0;
}

/// What a file is to be made of.
enum class Medium { shared_memory, disk };

/// Reserves `bytes` for a file, so that no later touch of its memory can fail (SIGBUS). Throws
/// Error(no_space) with the bytes wanted and free, before the system would send SIGXFSZ or wake its
/// out-of-memory killer wherever limits could be read.
inline void reserve(const Descriptor& file, std::uint64_t bytes, Medium medium, const std::string& subject) {
  const auto refuse = [&](std::uint64_t free, const std::string& what, std::string_view advice) {
    return Error(Errc::no_space, subject,
                 "wants " + std::to_string(bytes) + " bytes, and " + what + " has " + std::to_string(free) + " free",
                 advice);
  };
  constexpr std::string_view memory_advice =
      "free memory (remove arrays that are kept, end programs), or raise the limit: docker run --shm-size, "
      "mount -o remount,size=... /dev/shm";
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < bytes)
    throw refuse(limit.rlim_cur, "the file size limit (RLIMIT_FSIZE)", "raise it: ulimit -f");
  // What an earlier call, interrupted by a lack, has reserved already is not wanted again.
  struct stat held {};
  const auto has = ::fstat(file.get(), &held) == 0 ? static_cast<std::uint64_t>(held.st_blocks) * 512 : 0;
  const std::uint64_t more = bytes > has ? bytes - has : 0;
  struct statvfs fs {};
  if (::fstatvfs(file.get(), &fs) == 0 && fs.f_blocks != 0) {
    const auto free = static_cast<std::uint64_t>(fs.f_bavail) * fs.f_frsize;
    if (more > free)
      throw refuse(free, medium == Medium::shared_memory ? "shared memory (" + segment_directory() + ")" : "its disk",
                   medium == Medium::shared_memory ? memory_advice : "free space on the disk");
  }
  if (medium == Medium::shared_memory) {
    if (const auto room = detail::cgroup_headroom(); room && more > *room)
      throw refuse(*room, "the memory control group", memory_advice);
    if (const auto room = detail::machine_headroom(); room && more > *room)
      throw refuse(*room, "the machine's memory", memory_advice);
  }
  // In chunks: a signal makes some kernels start one large reservation from the beginning again.
  constexpr std::uint64_t chunk = std::uint64_t{64} << 20;
  for (std::uint64_t at = 0; at < bytes; at += chunk) {
    const auto length = static_cast<off_t>(std::min(chunk, bytes - at));
    const int error = [&] {
#if defined(TESSERA_LINUX)
      return detail::retry([&] { return ::fallocate(file.get(), 0, static_cast<off_t>(at), length); }) == 0 ? 0 : errno;
#else
      int result;
      do result = ::posix_fallocate(file.get(), static_cast<off_t>(at), length);
      while (result == EINTR);
      return result;
#endif
    }();
    if (error == EOPNOTSUPP) {  // a file system without reservation: write the zeros
      const std::string zeros(1 << 20, '\0');
      for (std::uint64_t done = 0; done < static_cast<std::uint64_t>(length); done += zeros.size())
        write_at(file, at + done, std::string_view(zeros).substr(0, static_cast<std::uint64_t>(length) - done), subject);
    } else if (error != 0) {
      throw system_failure(error, subject, "reserving " + std::to_string(bytes) + " bytes",
                           medium == Medium::shared_memory ? memory_advice : "free space on the disk");
    }
  }
}

/// 16 random bytes that no other call returns, here or in another process.
inline std::array<std::uint8_t, 16> random_identity() {
  std::array<std::uint8_t, 16> out{};
  if (::getentropy(out.data(), out.size()) != 0) throw system_failure(errno, "identity", "reading random bytes");
  return out;
}

/// `count` random hexadecimal digits (at most 32), for names that must not collide.
inline std::string random_hex(std::size_t count) {
  std::string out;
  for (const auto byte : random_identity()) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  out.resize(count);
  return out;
}

/// A new, empty file that nobody can find yet. Dies with this object unless published.
class Unpublished {
 public:
  /// In the folder of `path`. Shared memory gets exactly `mode`; files on disk obey the umask.
  Unpublished(const std::string& path, unsigned mode, Medium medium, const std::string& subject)
      : file_([&] { return open(path, mode, medium); }) {
    if (!file_.descriptor()) {
      if (errno == EMFILE || errno == ENFILE)
        throw system_failure(errno, subject, "creating", "close files or raise ulimit -n");
      throw system_failure(errno, subject, "creating a file in " + folder_of(path),
                           "the folder must exist and be writable");
    }
    if (medium == Medium::shared_memory && ::fchmod(file_.descriptor().get(), static_cast<mode_t>(mode)) != 0)
      throw system_failure(errno, subject, "setting its permissions");
  }
  Unpublished(const Unpublished&) = delete;
  Unpublished& operator=(const Unpublished&) = delete;
  ~Unpublished() {
    if (!scratch_.empty()) ::unlink(scratch_.c_str());
  }

  const Descriptor& descriptor() const noexcept { return file_.descriptor(); }

  /// Gives the file its name, all at once. False if the name is taken.
  bool publish(const std::string& path, const std::string& subject) {
    const std::string from = scratch_.empty() ? "/proc/self/fd/" + std::to_string(descriptor().get()) : scratch_;
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
    if (errno == EEXIST) return false;
    throw system_failure(errno, subject, "giving it its name", "/proc must be mounted");
  }

  /// The same over whatever has the name now. For files on disk only.
  void publish_over(const std::string& path, const std::string& subject) {
    if (::rename(scratch_.c_str(), path.c_str()) != 0) throw system_failure(errno, subject, "giving it its name");
    scratch_.clear();
  }

  /// Hands the open file, and its lock if it was taken, to its owner.
  OwnerLock take() { return std::move(file_); }

 private:
  static std::string folder_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
  }

  Descriptor open(const std::string& path, unsigned mode, Medium medium) {
#if defined(O_TMPFILE)
    if (medium == Medium::shared_memory)
      return Descriptor(detail::retry(
          [&] { return ::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode); }));
#endif
    // Not every disk's file system has nameless files; a name that nobody guesses does as well.
    scratch_ = folder_of(path) + ".tessera-" + random_hex(16);
    Descriptor file(detail::retry(
        [&] { return ::open(scratch_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode); }));
    if (!file) scratch_.clear();
    return file;
  }

  std::string scratch_;  // before file_, whose initialiser sets it
  OwnerLock file_;
};

inline void unlink(const std::string& path) noexcept { ::unlink(path.c_str()); }

/// Names of all entries in the segment folder, foreign ones included.
inline std::vector<std::string> segment_names() {
  std::vector<std::string> names;
  if (DIR* const folder = ::opendir(segment_directory().c_str())) {
    while (const auto* entry = ::readdir(folder))
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    ::closedir(folder);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tessera::host
