// Floor 1, host: files without a name (O_TMPFILE), and systems that refuse them. POSIX only. See
// new_file.hpp.
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

/// The call that was refused, and why. Set once it is known that files without a name can't be
/// reopened, or can't get a name, on this system.
struct Refusal {
  const char* call;
  int error_number;
};
inline constinit std::atomic<const Refusal*> nameless_refused{nullptr};

/// Makes make_new() create the file again, with a scratch name.
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

/// False for a lack of resources: another way would fail too.
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

/// Opens an open file again, by its name if it has one. An empty descriptor and errno on failure.
inline Descriptor open_again(const Descriptor& file, Access access, const std::string& name) {
  const int flags = (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  const auto path = "/proc/self/fd/" + std::to_string(file.get());
  Descriptor out = opened([&] { return ::open(path.c_str(), flags); });
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
