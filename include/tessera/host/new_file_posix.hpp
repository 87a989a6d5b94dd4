// Floor 1, host: the members of new_file.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/host/creation_failure.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/folder_of.hpp>
#include <tessera/host/headroom.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/nameless_posix.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/scratch.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/host/storage.hpp>
#include <tessera/host/try_lock.hpp>

namespace tessera::host {

inline Descriptor reopen(const Descriptor& file, Access access, const std::string& subject,
                         const std::string& name) {
  Descriptor out = detail::open_again(file, access, name);
  if (!out) throw system_failure(errno, subject, "opening it again", "/proc must be mounted");
  return out;
}

class StagedFile {
 public:
  StagedFile(const std::string& path, unsigned mode, Medium medium, const std::string& subject)
      : medium_(medium), file_(OwnerLock::opened_by([&] { return open(path, mode); })) {
    if (!file_.descriptor()) {
      const int error = errno;
      throw creation_failure(error, folder_of(path), subject, creating(folder_of(path), error));
    }
    if (medium == Medium::shared_memory && ::fchmod(file_.descriptor().get(), mode) != 0)
      throw system_failure(errno, subject, "setting its permissions");
  }
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile() {
    if (!scratch_.empty()) ::unlink(scratch_.c_str());
  }

  const Descriptor& descriptor() const noexcept { return file_.descriptor(); }

  void reserve(std::uint64_t bytes, const std::string& subject) {
    host::reserve(descriptor(), bytes, medium_, subject);
  }
  void lock(const std::string& subject) {
    if (!try_lock(descriptor(), Lock::exclusive)) throw last_failure(subject, "locking");
  }
  void unlock() noexcept { ::flock(descriptor().get(), LOCK_UN); }
  void write(std::uint64_t offset, std::string_view bytes, const std::string& subject) {
    write_at(descriptor(), offset, bytes, subject);
  }
  Descriptor reopen(Access access, const std::string& subject) const {
    Descriptor out = detail::open_again(descriptor(), access, scratch_);
    if (out) return out;
    if (scratch_.empty() && detail::is_refusal(errno))
      throw detail::NamelessRefused({"opening it again (/proc/self/fd)", errno}, subject);
    throw last_failure(subject, "opening it again", "/proc must be mounted");
  }

  bool publish(const std::string& path, const std::string& subject) {
    return scratch_.empty() ? link_nameless(path, subject) : rename_scratch(path, subject);
  }

  void publish_over(const std::string& path, const std::string& subject) {
    // A name can't be linked over an existing file, so the file gets a scratch name and is renamed.
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

  OwnerLock take() { return std::move(file_); }

 private:
  Descriptor open(const std::string& path, unsigned mode) {
    const auto folder = folder_of(path);
    // A file on disk that replaces another one has a scratch name at least for a moment.
    if (medium_ == Medium::disk) sweep(folder);
    Descriptor file = detail::open_nameless(folder, mode);
    if (file || !detail::is_refusal(errno)) return file;
    no_nameless_ = errno;
    if (medium_ != Medium::disk) sweep(folder);
    return detail::open_scratch(folder, mode, scratch_);
  }

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
    // Killed between these two calls: the file has two names. A sweep gets the lock and removes the
    // scratch name; the other name stays.
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
  int no_nameless_ = 0;  // errno, if the file has a scratch name
  std::string scratch_;  // before file_, whose initialiser sets it
  OwnerLock file_;
};

template <class Make>
auto make_new(Make&& make) {
  try {
    return make();
  } catch (const detail::NamelessRefused&) {
    return make();
  }
}

inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject) {
  Descriptor file = opened([] { return ::memfd_create("tessera", MFD_CLOEXEC); });
  const int failure = errno;
  // If a filter or an emulator refuses that call:
  if (!file) file = detail::open_nameless(segment_folder(), 0600);
  if (!file) {
    std::string scratch;
    file = detail::open_scratch(segment_folder(), 0600, scratch);
    if (file) ::unlink(scratch.c_str());
  }
  if (!file) throw system_failure(failure, subject, "getting shared memory (memfd_create)");
  reserve(file, bytes, Medium::shared_memory, subject);
  return file;
}

}  // namespace tessera::host

#endif
