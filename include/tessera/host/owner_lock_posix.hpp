// Floor 1, host: the members of owner_lock.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/try_lock.hpp>

namespace tessera::host {

namespace detail {

/// Descriptors that hold a lock. A fork handler closes them in the child. Never destroyed: arrays
/// with static storage may end after everything else.
class Owners {
 public:
  static Owners& instance() {
    static auto* const owners = new Owners;
    return *owners;
  }
  /// Opens and records a file in one step: another thread can't fork in between.
  Descriptor add(auto&& open) {
    const std::lock_guard lock(mutex_);
    fds_.reserve(fds_.size() + 1);
    Descriptor file = open();
    if (file) fds_.push_back(file.get());
    return file;
  }
  /// Removes the descriptor from the list and closes it, unless a fork has closed it already.
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

inline std::uint64_t fork_generation() { return detail::Owners::instance().forks(); }

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

  template <std::invocable Open>
  static OwnerLock opened_by(Open&& open) {
    return OwnerLock(detail::Owners::instance().add(open));
  }

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

inline bool owner_lives(const Descriptor& file, const std::string&) {
  return !try_lock(file, Lock::shared);
}

}  // namespace tessera::host

#endif
