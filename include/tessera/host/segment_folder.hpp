// Floor 1, host: the folder of the named segments.
//
// A process has one folder from its first use on, so that its pools look where its arrays are. The
// program sets it, or TESSERA_DIR in the environment; the default is the system's. On Windows names
// are in no folder.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>

#if defined(TESSERA_POSIX)
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// The environment variable that gives the folder.
inline constexpr const char* folder_variable = "TESSERA_DIR";

#if defined(TESSERA_POSIX)

namespace detail {

#if defined(TESSERA_LINUX)
inline constexpr const char* usual_folder = "/dev/shm/";
#else
inline constexpr const char* usual_folder = "/tmp/";
#endif

/// Ends with a slash. Set once; its text is never freed. It is not a static object with a guard:
/// the first use may be in a fork, where another thread's lock stays locked.
inline constinit std::atomic<const char*> folder_in_use{nullptr};

/// The absolute path, with a slash at its end. Throws Error(invalid_argument) if there is no such
/// folder.
inline std::string checked_folder(std::string path, const std::string& subject) {
  const auto refuse = [&](const std::string& why) {
    return Error(Errc::invalid_argument, subject, why,
                 "name a folder that exists, for instance on a tmpfs: mount -t tmpfs -o "
                 "size=8g tmpfs FOLDER");
  };
  if (path.empty() || path.find('\0') != std::string::npos) throw refuse("it names no folder");
  const auto given = path;
  if (path[0] != '/') {
    char here[4096];
    if (::getcwd(here, sizeof here) == nullptr)
      throw system_failure(errno, subject, "finding this process's own folder",
                           "give an absolute path");
    path = std::string(here) + "/" + path;
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    throw refuse("the folder of names is to be " + given +
                 ", and that can't be used: " + std::generic_category().message(errno));
  if (!S_ISDIR(info.st_mode))
    throw refuse("the folder of names is to be " + given + ", and that is no folder");
  return path == "/" ? path : path + "/";
}

/// The folder in use. Sets it to `path` if there was none.
inline const char* use_folder(const std::string& path) {
  auto* const text = new char[path.size() + 1];
  std::memcpy(text, path.c_str(), path.size() + 1);
  const char* in_use = nullptr;
  if (folder_in_use.compare_exchange_strong(in_use, text)) return text;
  delete[] text;
  return in_use;
}

/// Null in a program that has more rights than its starter.
inline const char* folder_of_environment() noexcept {
#if defined(TESSERA_LINUX)
  return ::secure_getenv(folder_variable);
#else
  return std::getenv(folder_variable);
#endif
}

}  // namespace detail

/// The folder of names, with a slash at its end. It never changes after the first call. Throws
/// Error(invalid_argument) if TESSERA_DIR is not a folder.
inline const char* segment_folder() {
  if (const char* const in_use = detail::folder_in_use.load()) return in_use;
  const char* const told = detail::folder_of_environment();
  if (told == nullptr || *told == '\0') return detail::use_folder(detail::usual_folder);
  return detail::use_folder(detail::checked_folder(told, folder_variable));
}

/// Sets the folder. Throws Error(invalid_argument) if there is no such folder, or another one is
/// already in use.
inline void choose_segment_folder(const std::string& path) {
  const auto wanted = detail::checked_folder(path, "set_segment_folder");
  const std::string in_use = detail::use_folder(wanted);
  if (in_use != wanted)
    throw Error(Errc::invalid_argument, "set_segment_folder",
                "this process has used the names in " + in_use + " already",
                "call it before the first array, pool or list");
}

/// In a program that was started again: uses the folder of the program that started it.
inline void take_segment_folder() {
  const char* const told = detail::folder_of_environment();
  if (told == nullptr) return;
  detail::folder_in_use.store(nullptr);
  detail::use_folder(told);
}

/// The environment entry that gives the folder to a started program.
inline std::string segment_folder_given() {
  return std::string(folder_variable) + "=" + segment_folder();
}

#else

inline const char* segment_folder() noexcept { return ""; }
inline void choose_segment_folder(const std::string&) noexcept {}
inline void take_segment_folder() noexcept {}

#endif

}  // namespace tessera::host
