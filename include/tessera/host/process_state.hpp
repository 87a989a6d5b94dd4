// Floor 1, host: state of a process or thread that a called function may change for good: signal
// mask, current folder, umask, locale.
#pragma once

#include <clocale>
#include <cstring>
#include <locale>
#include <string>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#include <io.h>
#endif

namespace tessera::host {

/// The state at construction, of the constructing thread. Only that thread may use it, and not
/// while another thread changes the state.
class ProcessState {
 public:
  /// Throws std::bad_alloc.
  ProcessState() : c_locale_(now_in_c()) {
#if defined(TESSERA_POSIX)
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    folder_ = opened([] { return ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    folder_known_ = folder_ && ::fstat(folder_.get(), &folder_stat_) == 0;
    thread_locale_ = ::uselocale(locale_t{});
    ::umask(umask_ = ::umask(077));
#else
    folder_ = folder_now();
    ::_umask(umask_ = ::_umask(077));
#endif
  }

  /// Restores the state. True if anything was different. About 400 ns if nothing was.
  bool restore() {
    // Restore all four, even if an earlier one returns true.
    const bool changed[] = {restore_mask(), restore_umask(), restore_folder(), restore_locale()};
    return changed[0] || changed[1] || changed[2] || changed[3];
  }

 private:
  static const char* now_in_c() noexcept {
    const char* const name = std::setlocale(LC_ALL, nullptr);
    return name != nullptr ? name : "C";
  }
  bool restore_locale() {
    bool changed = false;
#if defined(TESSERA_POSIX)
    changed = ::uselocale(thread_locale_) != thread_locale_;
#endif
    if (std::locale() != locale_) {
      std::locale::global(locale_);
      changed = true;
    }
    if (c_locale_ != now_in_c()) {
      std::setlocale(LC_ALL, c_locale_.c_str());
      changed = true;
    }
    return changed;
  }

#if defined(TESSERA_POSIX)
  bool restore_mask() noexcept {
    sigset_t was{};  // the system writes only a part
    ::pthread_sigmask(SIG_SETMASK, &mask_, &was);
    return std::memcmp(&was, &mask_, sizeof was) != 0;
  }
  bool restore_umask() const noexcept { return ::umask(umask_) != umask_; }
  bool restore_folder() const noexcept {
    const auto is_it = [this](const struct stat& found) {
      return found.st_dev == folder_stat_.st_dev && found.st_ino == folder_stat_.st_ino;
    };
    struct stat found {};
    if (!folder_known_ || (::stat(".", &found) == 0 && is_it(found))) return false;
    // A kernel that closed all descriptors has closed this one too. Its number may now be another
    // file's.
    return ::fstat(folder_.get(), &found) == 0 && is_it(found) && ::fchdir(folder_.get()) == 0;
  }

  sigset_t mask_{};
  Descriptor folder_;
  struct stat folder_stat_ {};
  bool folder_known_ = false;
  locale_t thread_locale_{};
  mode_t umask_ = 0;
#else
  static std::wstring folder_now() {
    std::wstring out(::GetCurrentDirectoryW(0, nullptr), L'\0');
    out.resize(::GetCurrentDirectoryW(static_cast<DWORD>(out.size()), out.data()));
    return out;
  }
  bool restore_mask() const noexcept { return false; }
  bool restore_umask() const noexcept { return ::_umask(umask_) != umask_; }
  bool restore_folder() const {
    return folder_now() != folder_ && ::SetCurrentDirectoryW(folder_.c_str()) != 0;
  }

  std::wstring folder_;
  int umask_ = 0;
#endif
  std::locale locale_;
  std::string c_locale_;
};

}  // namespace tessera::host
