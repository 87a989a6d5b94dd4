// Floor 1, host: the members of destination.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/folder_of.hpp>
#include <tessera/host/segment_files.hpp>

namespace tessera::host {

struct Destination {
  std::string path;
  bool there = false;
  struct stat now {};  ///< valid if `there`
};

namespace detail {

/// Follows one link. Refuses a link of another user in a folder where all may write, as the kernel
/// does with protected links: its owner could make it lead to our files.
inline std::string followed(const std::string& link, const struct stat& info,
                            const std::string& subject) {
  const auto folder = folder_of(link);
  struct stat around {};
  if (::stat(folder.c_str(), &around) == 0 && (around.st_mode & S_ISVTX) != 0 &&
      (around.st_mode & S_IWOTH) != 0 && info.st_uid != ::geteuid() && info.st_uid != around.st_uid)
    throw Error(Errc::not_permitted, subject,
                link + " is another user's link in a folder where all may write",
                "give the path of the file itself");
  std::string target(4096, '\0');
  const auto length = ::readlink(link.c_str(), target.data(), target.size());
  if (length < 0) throw system_failure(errno, subject, "reading the link " + link);
  target.resize(static_cast<std::size_t>(length));
  return target.starts_with('/') ? target : folder + target;
}

}  // namespace detail

inline Destination destination(const std::string& path) {
  if (path.empty()) throw Error(Errc::invalid_argument, "file", "the path is empty", "name a file");
  // The system's own path walk decides what may be followed. This loop finds the last name.
  struct stat there {};
  const bool found = ::stat(path.c_str(), &there) == 0;
  if (!found && errno != ENOENT) throw system_failure(errno, path, "looking for it");
  if (const char* const kind = found ? detail::no_array_kind(there.st_mode) : nullptr)
    throw Error(Errc::not_an_array, path, kind, "give the path of a regular file, or of a new one");
  Destination out{path, false, {}};
  for (int links = 0;; ++links) {
    if (::lstat(out.path.c_str(), &out.now) != 0) {
      if (errno == ENOENT && !found) return out;
      if (errno != ENOENT) throw system_failure(errno, path, "looking for it");
      break;  // gone, or a link of /proc that leads to no name
    }
    if (!S_ISLNK(out.now.st_mode)) break;
    if (links == 40) throw system_failure(ELOOP, path, "following its links");
    out.path = detail::followed(out.path, out.now, path);
  }
  if (!S_ISREG(out.now.st_mode) || (found && detail::id_of(out.now) != detail::id_of(there)))
    throw Error(Errc::not_an_array, path, "it leads to a file that has no name, or has lost it now",
                "give the path of a regular file, or of a new one");
  out.there = true;
  return out;
}

inline void check_replaceable(const Destination& to, const std::string& subject) {
  const auto refuse = [&](const std::string& why, std::string_view advice) {
    throw Error(Errc::not_permitted, subject, why, advice);
  };
  // Checked for root too, whom the system would let write.
  if ((to.now.st_mode & 0222) == 0)
    refuse("the file there is read-only", "chmod u+w it, remove it, or give another path");
  // Most programs have one identity. Otherwise the newer call is needed, which some sandboxes
  // refuse.
  const bool one = ::getuid() == ::geteuid() && ::getgid() == ::getegid();
  if (::faccessat(AT_FDCWD, to.path.c_str(), W_OK, one ? 0 : AT_EACCESS) != 0)
    throw system_failure(errno, subject, "writing to the file there",
                         "remove it, or give another path");
  if (to.now.st_nlink > 1)
    refuse("the file there has " + std::to_string(to.now.st_nlink) +
               " names (hard links), which would part",
           "remove this name first, or give another path");
}

namespace detail {

inline constexpr const char* access_list = "system.posix_acl_access";

/// Copies extended attributes. Throws if the access list can't be copied; others are optional.
inline void keep_attributes(const Descriptor& file, const std::string& old,
                            const std::string& subject) {
  std::string value(65536, '\0');
  const auto get = [&](const char* name) {
    return ::lgetxattr(old.c_str(), name, value.data(), value.size());
  };
  if (const auto length = get(access_list); length >= 0) {
    if (::fsetxattr(file.get(), access_list, value.data(), static_cast<std::size_t>(length), 0) !=
        0)
      throw system_failure(errno, subject, "giving it the access list of the file there",
                           "remove that file, or give another path");
  } else {
    ::fremovexattr(file.get(), access_list);  // the folder's default for new files
  }
  std::string names(65536, '\0');
  const auto listed = ::llistxattr(old.c_str(), names.data(), names.size());
  names.resize(listed > 0 ? static_cast<std::size_t>(listed) : 0);
  for (std::size_t at = 0; at < names.size();) {
    const std::string name(names.c_str() + at);
    at += name.size() + 1;
    if (!name.starts_with("user.")) continue;
    if (const auto length = get(name.c_str()); length >= 0)
      ::fsetxattr(file.get(), name.c_str(), value.data(), static_cast<std::size_t>(length), 0);
  }
}

}  // namespace detail

inline void keep_owner_and_mode(const Descriptor& file, const Destination& to,
                                const std::string& subject) {
  struct stat mine {};
  const auto look = [&] {
    if (::fstat(file.get(), &mine) != 0) throw system_failure(errno, subject, "looking at it");
  };
  look();
  const auto owner = mine.st_uid == to.now.st_uid ? static_cast<uid_t>(-1) : to.now.st_uid;
  const auto group = mine.st_gid == to.now.st_gid ? static_cast<gid_t>(-1) : to.now.st_gid;
  if ((owner != static_cast<uid_t>(-1) || group != static_cast<gid_t>(-1)) &&
      ::fchown(file.get(), owner, group) != 0)
    throw system_failure(errno, subject,
                         "keeping the owner of the file there (user " +
                             std::to_string(to.now.st_uid) + ", group " +
                             std::to_string(to.now.st_gid) + ")",
                         "remove that file, or give another path");
  detail::keep_attributes(file, to.path, subject);
  look();
  constexpr mode_t bits = 07777;
  if ((mine.st_mode & bits) != (to.now.st_mode & bits) &&
      ::fchmod(file.get(), to.now.st_mode & bits) != 0)
    throw system_failure(errno, subject, "keeping the permissions of the file there",
                         "remove that file, or give another path");
}

}  // namespace tessera::host

#endif
