// Floor 1, host: where names live. Create, publish, lock, open, enumerate, unlink.
//
// A segment is created without a name (O_TMPFILE), locked and filled, and only then linked to its
// name: the name appears complete and locked, and a creator that dies before leaves nothing. Names
// on Windows are not in a folder, and end with their last process: see segment_files_win32.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/headroom.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/segment_folder.hpp>

#if defined(TESSERA_POSIX)
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/mman.h>
#endif

namespace tessera::host {

/// An open file, and what the system knew of it when it was opened.
struct OpenFile : Descriptor {
  FileInfo info;
};

/// 16 random bytes that no other call returns, here or in another process.
inline std::array<std::uint8_t, 16> random_identity() {
  std::array<std::uint8_t, 16> out{};
#if defined(TESSERA_POSIX)
  if (::getentropy(out.data(), out.size()) != 0)
    throw system_failure(errno, "identity", "reading random bytes");
#else
  std::random_device random;
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
#endif
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

#if defined(TESSERA_POSIX)

/// True where a name, and what it leads to, stays when no process has it any more.
inline constexpr bool names_outlive_processes = true;

inline std::string segment_path(std::string_view name) {
  return segment_folder() + std::string(name);
}

/// A path from wherever this process is by now.
inline std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// True if `path` itself (no link followed) leads to the file `id`.
inline bool leads_to(const std::string& path, const FileId& id) {
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0 && static_cast<std::uint64_t>(s.st_dev) == id.device &&
         static_cast<std::uint64_t>(s.st_ino) == id.inode;
}

namespace detail {

/// What an Error calls a file that can't be an array; nothing for one that can.
inline const char* no_array_kind(mode_t mode) noexcept {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISLNK(mode)) return "it is a link";
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISFIFO(mode)) return "it is a fifo";
  if (S_ISSOCK(mode)) return "it is a socket";
  return "it is a device";
}

}  // namespace detail

/// Opens an existing regular file; nothing if there is none. Links, fifos and devices are refused:
/// a name must be the array itself. `follow` is for a person's own files, which may be links. It
/// looks before it opens: whoever waits at a fifo would take the opening for its reader's.
inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool follow = false) {
  const auto refuse_unless_regular = [&](mode_t mode) {
    if (const char* const kind = detail::no_array_kind(mode))
      throw Error(Errc::not_an_array, subject, kind, "a name must lead to a regular file");
  };
  struct stat there {};
  if ((follow ? ::stat(path.c_str(), &there) : ::lstat(path.c_str(), &there)) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw system_failure(errno, subject, "looking for it");
  }
  refuse_unless_regular(there.st_mode);
  const int flags = (access == Access::read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK |
                    (follow ? 0 : O_NOFOLLOW);
  Descriptor file = opened([&] { return ::open(path.c_str(), flags); });
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    if (errno == ELOOP) refuse_unless_regular(S_IFLNK);  // by now
    throw system_failure(
        errno, subject, "opening",
        access == Access::read_write ? "a const element type opens read-only" : "");
  }
  const auto info = file_info(file, subject);
  if (!info.regular)
    throw Error(Errc::not_an_array, subject, "it is not a regular file",
                "a name must lead to a regular file");
  return OpenFile{std::move(file), info};
}

/// The same file, opened anew, to be mapped. A mapping keeps the open file that it was made from,
/// and that file's lock, in every forked child that inherits it: an owner maps through another one.
inline Descriptor reopen(const Descriptor& file, Access access, const std::string& subject) {
#if defined(TESSERA_LINUX)
  const auto path = "/proc/self/fd/" + std::to_string(file.get());
  const int flags = (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  Descriptor out = opened([&] { return ::open(path.c_str(), flags); });
#else
  static_cast<void>(access);
  Descriptor out = opened([&] { return ::fcntl(file.get(), F_DUPFD_CLOEXEC, first_number); });
#endif
  if (!out) throw system_failure(errno, subject, "opening it again", "/proc must be mounted");
  return out;
}

/// A new, empty file that nobody can find, or use, yet. Dies with this object unless published.
class Unpublished {
 public:
  /// In the folder of `path`. Shared memory gets exactly `mode`; files on disk obey the umask.
  Unpublished(const std::string& path, unsigned mode, Medium medium, const std::string& subject)
      : medium_(medium), file_(OwnerLock::opened_by([&] { return open(path, mode, medium); })) {
    if (!file_.descriptor()) {
      throw system_failure(errno, subject, "creating a file in " + folder_of(path),
                           "the folder must exist and be writable");
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
  void write(std::uint64_t offset, std::string_view bytes, const std::string& subject) {
    write_at(descriptor(), offset, bytes, subject);
  }

  /// Gives the file its name, all at once. False if the name is taken.
  bool publish(const std::string& path, const std::string& subject) {
    const std::string from =
        scratch_.empty() ? "/proc/self/fd/" + std::to_string(descriptor().get()) : scratch_;
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return true;
    if (errno == EEXIST) return false;
    throw system_failure(errno, subject, "giving it its name", "/proc must be mounted");
  }

  /// The same over whatever has the name now. For files on disk only.
  void publish_over(const std::string& path, const std::string& subject) {
    if (::rename(scratch_.c_str(), path.c_str()) != 0)
      throw system_failure(errno, subject, "giving it its name");
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
      return opened(
          [&] { return ::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode); });
#endif
    // Not every disk's file system has nameless files; a name that nobody guesses does as well.
    scratch_ = folder_of(path) + ".tessera-" + random_hex(16);
    Descriptor file = opened(
        [&] { return ::open(scratch_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode); });
    if (!file) scratch_.clear();
    return file;
  }

  Medium medium_;
  std::string scratch_;  // before file_, whose initialiser sets it
  OwnerLock file_;
};

/// Zeroed memory, reserved, as a file that never has a name. Throws Error(no_space, system).
inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject) {
#if defined(TESSERA_LINUX)
  Descriptor file = opened([] { return ::memfd_create("tessera", MFD_CLOEXEC); });
  const int failure = errno;
  if (!file)  // where that call is refused, by a filter or an emulator
    file = opened([] { return ::open(segment_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); });
  if (!file) throw system_failure(failure, subject, "getting shared memory (memfd_create)");
  reserve(file, bytes, Medium::shared_memory, subject);
  return file;
#else
  static_cast<void>(bytes);
  throw Error(Errc::system, subject, "memory without a name needs Linux");
#endif
}

inline void unlink(const std::string& path) noexcept { ::unlink(path.c_str()); }

/// Names of all entries in the segment folder, foreign ones included.
inline std::vector<std::string> segment_names() {
  std::vector<std::string> names;
  if (DIR* const folder = ::opendir(segment_folder())) {
    while (const auto* entry = ::readdir(folder))
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    ::closedir(folder);
  }
  std::sort(names.begin(), names.end());
  return names;
}

#endif

}  // namespace tessera::host

#if defined(TESSERA_WIN32)
#include <tessera/host/segment_files_win32.hpp>
#endif
