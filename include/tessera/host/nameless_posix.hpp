// Floor 1, host: files without a name (O_TMPFILE), and what refuses them. POSIX alone; how they are
// used is told in new_file.hpp.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>

namespace tessera::host::detail {

inline std::string words_of(int error_number) {
  return std::generic_category().message(error_number);
}

/// Set once it turned out that files without a name can't be opened again or get a name here: what
/// was refused, and why.
struct Refusal {
  const char* call;
  int error_number;
};
inline constinit std::atomic<const Refusal*> nameless_refused{nullptr};

/// What the file is made anew for, with a scratch name: see make_new().
class NamelessRefused : public Error {
 public:
  NamelessRefused(const Refusal& why, const std::string& subject)
      : Error(system_failure(why.error_number, subject, why.call,
                             "this system refuses calls that a file without a name needs")) {
    const Refusal* none = nullptr;
    auto* const lasting = new Refusal(why);
    if (!nameless_refused.compare_exchange_strong(none, lasting)) delete lasting;
  }
};

/// False for a lack that would meet every other way too.
inline bool is_refusal(int error_number) noexcept {
  switch (error_number) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO: return false;
    default: return true;
  }
}

inline Descriptor open_nameless(const std::string& folder, unsigned mode) {
#if defined(O_TMPFILE)
  if (const auto* why = nameless_refused.load()) {
    errno = why->error_number;
    return {};
  }
  return opened([&] { return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode); });
#else
  static_cast<void>(folder), static_cast<void>(mode);
  errno = EOPNOTSUPP;
  return {};
#endif
}

/// An open file once more; by its name too, if it has one. None, and errno.
inline Descriptor open_again(const Descriptor& file, Access access, const std::string& name) {
  const int flags = (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
#if defined(TESSERA_LINUX)
  const auto path = "/proc/self/fd/" + std::to_string(file.get());
  Descriptor out = opened([&] { return ::open(path.c_str(), flags); });
#else
  Descriptor out = opened([&] { return ::fcntl(file.get(), F_DUPFD_CLOEXEC, first_number); });
#endif
  if (out || name.empty() || !is_refusal(errno)) return out;
  const int error = errno;
  out = opened([&] { return ::open(name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK); });
  struct stat mine {
  }, found{};
  if (out && ::fstat(file.get(), &mine) == 0 && ::fstat(out.get(), &found) == 0 &&
      id_of(mine) == id_of(found))
    return out;
  errno = error;
  return {};
}

}  // namespace tessera::host::detail

#endif
