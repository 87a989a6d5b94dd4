// Floor 1, host: a file that nobody finds before it is whole.
//
// It has no name (O_TMPFILE) until it is linked to its own, so a creator that dies leaves nothing.
// Where one of these two calls is refused (a file system that can't, a sandbox, no /proc) it has a
// scratch name meanwhile, is locked under it, and is removed by the next who makes a file so: see
// scratch.hpp. Either way its own name appears at once, with all of its bytes, locked if it is to
// be. For Windows see segment_files_win32.hpp.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/creation_failure.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/headroom.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/scratch.hpp>
#include <tessera/host/segment_folder.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/mman.h>
#include <sys/syscall.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

namespace detail {

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

}  // namespace detail

/// The same file, opened anew, to be mapped. A mapping keeps the open file that it was made from,
/// and that file's lock, in every forked child that inherits it: an owner maps through another one.
/// `name` is where the file may be found if the system can't open it by its descriptor.
inline Descriptor reopen(const Descriptor& file, Access access, const std::string& subject,
                         const std::string& name = {}) {
  Descriptor out = detail::open_again(file, access, name);
  if (!out) throw system_failure(errno, subject, "opening it again", "/proc must be mounted");
  return out;
}

/// A new, empty file that nobody can find, or use, yet. Dies with this object unless published.
/// Make and publish it in make_new(), which knows what to do where the system refuses calls.
class Unpublished {
 public:
  /// In the folder of `path`. Shared memory gets exactly `mode`; files on disk obey the umask.
  Unpublished(const std::string& path, unsigned mode, Medium medium, const std::string& subject)
      : medium_(medium), file_(OwnerLock::opened_by([&] { return open(path, mode); })) {
    if (!file_.descriptor()) {
      const int error = errno;
      throw creation_failure(error, folder_of(path), subject, creating(folder_of(path), error));
    }
    if (medium == Medium::shared_memory &&
        ::fchmod(file_.descriptor().get(), static_cast<mode_t>(mode)) != 0)
      throw system_failure(errno, subject, "setting its permissions");
  }
  Unpublished(const Unpublished&) = delete;
  Unpublished& operator=(const Unpublished&) = delete;
  ~Unpublished() {
    if (!scratch_.empty()) ::unlink(scratch_.c_str());
  }

  const Descriptor& descriptor() const noexcept { return file_.descriptor(); }

  /// Reserves `bytes` for it. Throws Error(no_space).
  void reserve(std::uint64_t bytes, const std::string& subject) {
    host::reserve(descriptor(), bytes, medium_, subject);
  }
  /// Takes its lock: before it has its name nobody contends for that.
  void lock(const std::string& subject) {
    if (!try_lock(descriptor(), Lock::exclusive)) throw last_failure(subject, "locking");
  }
  /// For a file that has its name and no owner. A mapping of it would keep a scratch file's lock.
  void unlock() noexcept { ::flock(descriptor().get(), LOCK_UN); }
  void write(std::uint64_t offset, std::string_view bytes, const std::string& subject) {
    write_at(descriptor(), offset, bytes, subject);
  }
  /// Opened anew, to be mapped: see host::reopen().
  Descriptor reopen(Access access, const std::string& subject) const {
    Descriptor out = detail::open_again(descriptor(), access, scratch_);
    if (out) return out;
    if (scratch_.empty() && detail::is_refusal(errno))
      throw detail::NamelessRefused({"opening it again (/proc/self/fd)", errno}, subject);
    throw last_failure(subject, "opening it again", "/proc must be mounted");
  }

  /// Gives the file its name, all at once. False if the name is taken.
  bool publish(const std::string& path, const std::string& subject) {
    return scratch_.empty() ? link_nameless(path, subject) : rename_scratch(path, subject);
  }

  /// The same over whatever file has the name now. For files on disk only.
  void publish_over(const std::string& path, const std::string& subject) {
    // A name can be linked to a file only where there is none: by way of a scratch name.
    while (scratch_.empty()) {
      detail::lock_scratch(descriptor());
      auto name = folder_of(path) + detail::scratch_name();
      if (link_nameless(name, subject)) scratch_ = std::move(name);
    }
    if (::rename(scratch_.c_str(), path.c_str()) != 0)
      throw system_failure(errno, subject, "giving it its name",
                           errno == EBUSY ? "a file that is mounted can't be replaced" : "");
    scratch_.clear();
  }

  /// Hands the open file, and its lock if it was taken, to its owner.
  OwnerLock take() { return std::move(file_); }

 private:
  Descriptor open(const std::string& path, unsigned mode) {
    const auto folder = folder_of(path);
    // A file on disk has a scratch name at least for a moment where it replaces another.
    if (medium_ == Medium::disk) sweep(folder);
    Descriptor file = detail::open_nameless(folder, mode);
    if (file || !detail::is_refusal(errno)) return file;
    no_nameless_ = errno;
    if (medium_ != Medium::disk) sweep(folder);
    return detail::open_scratch(folder, mode, scratch_);
  }

  /// What was being done when the last way failed; with the ways before, if they failed otherwise.
  std::string creating(const std::string& folder, int error) const {
    std::string out = "creating a file in " + folder;
    if (no_nameless_ != 0 && no_nameless_ != error) out += ": " + without_name() + "; with one";
    return out;
  }
  std::string without_name() const {
    const auto* const why = detail::nameless_refused.load();
    return std::string("without a name (") + (why != nullptr ? why->call : "O_TMPFILE") +
           "): " + detail::words_of(no_nameless_);
  }

  bool link_nameless(const std::string& path, const std::string& subject) {
    const auto number = "/proc/self/fd/" + std::to_string(descriptor().get());
    if (::linkat(AT_FDCWD, number.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return true;
    const int error = errno;
    if (error == EEXIST) return false;
#if defined(AT_EMPTY_PATH)
    if (::linkat(descriptor().get(), "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH) == 0) return true;
    if (errno == EEXIST) return false;
#endif
    if (detail::is_refusal(error))
      throw detail::NamelessRefused({"giving it its name (linkat)", error}, subject);
    throw system_failure(error, subject, "giving it its name");
  }

  bool rename_scratch(const std::string& path, const std::string& subject) {
    int error = ENOSYS;
#if defined(SYS_renameat2)
    constexpr unsigned keep_what_is_there = 1;  // RENAME_NOREPLACE
    if (::syscall(SYS_renameat2, AT_FDCWD, scratch_.c_str(), AT_FDCWD, path.c_str(),
                  keep_what_is_there) == 0) {
      scratch_.clear();
      return true;
    }
    error = errno;
    if (error == EEXIST) return false;
#endif
    // Killed before the second of these two lines the file has two names, and only a sweeper's lock
    // takes the scratch one: the other stays.
    if (::linkat(AT_FDCWD, scratch_.c_str(), AT_FDCWD, path.c_str(), 0) == 0) {
      ::unlink(scratch_.c_str());
      scratch_.clear();
      return true;
    }
    if (errno == EEXIST) return false;
    const int last = errno;
    throw system_failure(
        last, subject,
        "giving it its name: " + without_name() +
            "; with one (renameat2): " + detail::words_of(error) + "; linkat",
        detail::is_refusal(last) ? "the system must allow one of these calls in this folder" : "");
  }

  Medium medium_;
  int no_nameless_ = 0;  // why it has a scratch name, if it has
  std::string scratch_;  // like that before file_, whose initialiser sets it
  OwnerLock file_;
};

/// Runs `make`, which makes a file and publishes it; and once more if it turns out meanwhile that
/// files without a name can't be used here.
template <class Make>
auto make_new(Make&& make) {
  try {
    return make();
  } catch (const detail::NamelessRefused&) {
    return make();
  }
}

/// Zeroed memory, reserved, as a file that never has a name. Throws Error(no_space, system).
inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject) {
#if defined(TESSERA_LINUX)
  Descriptor file = opened([] { return ::memfd_create("tessera", MFD_CLOEXEC); });
  const int failure = errno;
  // Where that call is refused, by a filter or an emulator:
  if (!file) file = detail::open_nameless(segment_folder(), 0600);
  if (!file) {
    std::string scratch;
    file = detail::open_scratch(segment_folder(), 0600, scratch);
    if (file) ::unlink(scratch.c_str());
  }
  if (!file) throw system_failure(failure, subject, "getting shared memory (memfd_create)");
  reserve(file, bytes, Medium::shared_memory, subject);
  return file;
#else
  static_cast<void>(bytes);
  throw Error(Errc::system, subject, "memory without a name needs Linux");
#endif
}

#endif

}  // namespace tessera::host
