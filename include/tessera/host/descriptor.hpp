// Floor 1, host: the descriptor of an open file; on Windows a handle.
//
// If a program has closed a standard stream, the next file that it opens gets that stream's number,
// and a print would write into the file. So every file here gets a number from 3 on. While a file
// is opened, the free numbers below 3 are occupied.
#pragma once

#include <atomic>
#include <cerrno>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

using NativeFile = int;
inline constexpr NativeFile no_file = -1;

/// The first number that does not belong to a standard stream.
inline constexpr int first_number = 3;

namespace detail {

inline int retry(auto&& call) {
  int result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

inline void close(NativeFile file) noexcept { ::close(file); }

/// Whether a standard stream of this process is closed. Once one was closed, it may happen again.
enum class Streams { unknown, open, may_be_closed };
inline constinit std::atomic<Streams> streams{Streams::unknown};

/// Occupies the numbers of closed streams as long as it lives. Writing to such a stream still
/// fails.
class StreamNumbers {
 public:
  StreamNumbers() noexcept {
    if (streams.load(std::memory_order_relaxed) != Streams::open) take();
  }
  StreamNumbers(const StreamNumbers&) = delete;
  StreamNumbers& operator=(const StreamNumbers&) = delete;
  ~StreamNumbers() {
    const int error = errno;
    while (count_ > 0) ::close(taken_[--count_]);
    errno = error;
  }

 private:
  void take() noexcept {
#if defined(O_PATH)
    constexpr int flags = O_PATH | O_CLOEXEC;
#else
    constexpr int flags = O_RDONLY | O_CLOEXEC;
#endif
    int file;
    while ((file = retry([] { return ::open("/", flags); })) >= 0 && file < first_number) {
      streams.store(Streams::may_be_closed);
      taken_[count_++] = file;
    }
    if (file < 0) return;
    ::close(file);
    auto unknown = Streams::unknown;  // another thread may be using one of the numbers
    if (count_ == 0) streams.compare_exchange_strong(unknown, Streams::open);
  }

  int taken_[first_number];
  int count_ = 0;
};

/// The same file under a number from 3 on. If there is none: closes it, returns -1, sets errno.
inline int above_streams(int file) noexcept {
  if (file < 0 || file >= first_number) return file;
  streams.store(Streams::may_be_closed);
  const int moved = ::fcntl(file, F_DUPFD_CLOEXEC, first_number);
  const int error = errno;
  ::close(file);
  errno = error;
  return moved;
}

}  // namespace detail

#else

using NativeFile = HANDLE;
inline constexpr NativeFile no_file = nullptr;

namespace detail {
inline void close(NativeFile file) noexcept { ::CloseHandle(file); }
inline NativeFile above_streams(NativeFile file) noexcept { return file; }
}  // namespace detail

#endif

/// Owns an open file descriptor. Its number is not a standard stream's.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(NativeFile fd) noexcept : fd_(detail::above_streams(fd)) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, no_file)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  NativeFile get() const noexcept { return fd_; }
  NativeFile release() noexcept { return std::exchange(fd_, no_file); }
  explicit operator bool() const noexcept { return fd_ != no_file; }
  void reset() noexcept {
    if (fd_ != no_file) detail::close(std::exchange(fd_, no_file));
  }

 private:
  NativeFile fd_ = no_file;
};

#if defined(TESSERA_POSIX)

/// The file that `open` opens. Repeats interrupted calls. An empty descriptor and errno on failure.
inline Descriptor opened(auto&& open) {
  const detail::StreamNumbers taken;
  return Descriptor(detail::retry(open));
}

#endif

}  // namespace tessera::host
