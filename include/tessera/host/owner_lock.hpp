// Floor 1, host: the lock that proves that an owner lives.
//
// The kernel frees a lock when the last descriptor of its open file closes, however its process
// ends; no process number decides anything. A fork shares the open file, so a forked child closes
// its copies at once and never unlocks: that would unlock the parent's. On Windows the lock is a
// handle on an event, whose name is gone with its owner; there are no forks.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>

#if defined(TESSERA_POSIX)
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/vfs.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

/// Whether all who see the files of this file system also see each other's locks. Containers have
/// names of machines of their own, and these in common.
inline bool locks_reach_all(int file) noexcept {
#if defined(TESSERA_LINUX)
  struct statfs fs {};
  if (::fstatfs(file, &fs) != 0) return false;
  switch (static_cast<std::uint32_t>(fs.f_type)) {
    case 0x0000ef53:               // ext2, 3, 4
    case 0x58465342:               // xfs
    case 0x9123683e:               // btrfs
    case 0xf2f52010:               // f2fs
    case 0x2fc12fc1:               // zfs
    case 0x794c7630:               // overlay
    case 0x01021994:               // tmpfs
    case 0x858458f6:               // ramfs
    case 0x958458f6: return true;  // hugetlbfs
    default: return false;
  }
#else
  static_cast<void>(file);
  return false;
#endif
}

namespace detail {

/// Descriptors that hold a lock, for the handler that closes them in a forked child. Never
/// destroyed: arrays with static storage end after everything else.
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
  /// In a forked child, whose only thread this is.
  void after_fork() noexcept {
    for (const int fd : fds_) ::close(fd);
    fds_.clear();
    ++forks_;
  }

 private:
  Owners() {
    ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                     [] {
                       instance().after_fork();
                       instance().mutex_.unlock();
                     });
  }
  std::mutex mutex_;
  std::vector<int> fds_;
  std::uint64_t forks_ = 0;
};

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

  /// A lock on the Descriptor that `open` returns, which no forked child will keep.
  template <std::invocable Open>
  static OwnerLock opened_by(Open&& open) {
    return OwnerLock(detail::Owners::instance().add(open));
  }

  /// True in the process that owns, false in its forked children.
  bool held() const noexcept { return fd_ && generation_ == fork_generation(); }
  const Descriptor& descriptor() const noexcept { return fd_; }

  void release() noexcept {
    if (!fd_) return;
    const int fd = fd_.release();
    if (generation_ == fork_generation()) detail::Owners::instance().close(fd);
  }

 private:
  explicit OwnerLock(Descriptor fd) noexcept : fd_(std::move(fd)), generation_(fork_generation()) {}

  Descriptor fd_;
  std::uint64_t generation_ = 0;
};

enum class Lock { exclusive, shared };

/// Takes the lock if nobody holds one against it. A shared one asks whether an owner lives without
/// looking like one to the next who asks.
inline bool try_lock(const Descriptor& file, Lock lock) {
  const int operation = (lock == Lock::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  return detail::retry([&] { return ::flock(file.get(), operation); }) == 0;
}

/// True while somebody holds the lock of this file. `subject` is its name.
inline bool owner_lives(const Descriptor& file, const std::string&) {
  return !try_lock(file, Lock::shared);
}

#else

inline std::uint64_t fork_generation() noexcept { return 0; }

enum class Lock { exclusive, shared };

/// False: an owner's mark is its own, and there is nothing to remove once it is gone.
inline bool try_lock(const Descriptor&, Lock) noexcept { return false; }

class OwnerLock {
 public:
  OwnerLock() = default;
  explicit OwnerLock(Descriptor file) noexcept : file_(std::move(file)) {}

  /// The mark that the owner of this name lives.
  void lock(const std::string& name) {
    mark_ = Descriptor(::CreateEventA(nullptr, TRUE, FALSE, mark_of(name).c_str()));
    if (!mark_) throw last_failure(name, "locking");
  }
  static std::string mark_of(const std::string& name) { return "tessera+owner+" + name; }

  bool held() const noexcept { return static_cast<bool>(file_); }
  const Descriptor& descriptor() const noexcept { return file_; }
  void release() noexcept {
    mark_.reset();
    file_.reset();
  }

 private:
  Descriptor file_, mark_;
};

inline bool owner_lives(const std::string& name) {
  return static_cast<bool>(
      Descriptor(::OpenEventA(SYNCHRONIZE, FALSE, OwnerLock::mark_of(name).c_str())));
}
inline bool owner_lives(const Descriptor&, const std::string& name) { return owner_lives(name); }

#endif

}  // namespace tessera::host
