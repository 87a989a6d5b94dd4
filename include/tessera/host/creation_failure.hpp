// Floor 1, host: errors of creating a file in a folder.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/segment_folder.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#endif

namespace tessera::host {

#if defined(TESSERA_POSIX)

/// The folder of names has changed since it was chosen, or this process can't use it.
inline Error no_segment_folder(int error_number, const std::string& subject) {
  const std::string folder = segment_folder();
  const auto advice = "mount a tmpfs there, or have names in another folder: TESSERA_DIR";
  if (error_number == ENOENT)
    return {Errc::system, subject, "the folder of names, " + folder + ", is not there", advice};
  return system_failure(error_number, subject, "using the folder of names, " + folder, advice);
}

/// Throws that Error if the folder of names does not exist.
inline void require_segment_folder(const std::string& subject) {
  struct stat info {};
  if (::stat(segment_folder(), &info) != 0) throw no_segment_folder(errno, subject);
}

/// Throws that Error if the folder of names can't be listed.
inline void require_listing(const std::string& subject) {
  if (::faccessat(AT_FDCWD, segment_folder(), R_OK, AT_EACCESS) != 0)
    throw no_segment_folder(errno, subject);
}

/// The Error of a call that was to create or to name a file in `folder`.
inline Error creation_failure(int error_number, const std::string& folder,
                              const std::string& subject, std::string_view doing) {
  const bool of_names = folder == segment_folder();
  if (error_number == ENOENT && of_names) return no_segment_folder(ENOENT, subject);
  std::string advice;
  struct statvfs fs {};
  if (error_number == ENOSPC && ::statvfs(folder.c_str(), &fs) == 0 && fs.f_files != 0 &&
      fs.f_favail == 0)
    advice = "its file system has room for no more files (df -i " + folder +
             "): remove some, or mount it with more inodes (nr_inodes)";
  else if (error_number == ENOSPC)
    advice = "see df " + folder + " and remove files";
  else
    advice = "the folder must exist and be writable";
  if (of_names) advice += ", or have names in another folder: TESSERA_DIR";
  return system_failure(error_number, subject, doing, advice);
}

#else

inline void require_segment_folder(const std::string&) noexcept {}
inline void require_listing(const std::string&) noexcept {}

#endif

}  // namespace tessera::host
