// Floor 1, host: the members of destination.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <string>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

struct Destination {
  std::string path;
  bool there = false;
  bool read_only = false;
  unsigned names = 1;
};

inline Destination destination(const std::string& path) {
  if (path.empty()) throw Error(Errc::invalid_argument, "file", "the path is empty", "name a file");
  const auto given = detail::wide(path);
  const auto file = detail::open_file(given, 0, OPEN_EXISTING);
  if (!file) {
    const auto code = ::GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) return {path};
    throw detail::failure_of(code, path, "looking for it", {});
  }
  BY_HANDLE_FILE_INFORMATION info{};
  const bool known = ::GetFileInformationByHandle(file.get(), &info) != 0;
  const bool folder = known && (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  if (!known || folder)
    throw Error(Errc::not_an_array, path, folder ? "it is a folder" : "it is a device",
                "give the path of a regular file, or of a new one");
  Destination out{path, true, (info.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0,
                  static_cast<unsigned>(info.nNumberOfLinks)};
  const auto here = ::GetFileAttributesW(given.c_str());
  if (here != INVALID_FILE_ATTRIBUTES && (here & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    std::wstring target(32768, L'\0');
    const auto length = ::GetFinalPathNameByHandleW(file.get(), target.data(),
                                                    static_cast<DWORD>(target.size()), 0);
    if (length == 0 || length >= target.size()) throw last_failure(path, "following its links");
    target.resize(length);
    out.path = detail::narrow(target);
  }
  return out;
}

inline void check_replaceable(const Destination& to, const std::string& subject) {
  if (to.read_only)
    throw Error(Errc::not_permitted, subject, "the file there is read-only",
                "make it writable, remove it, or give another path");
  if (to.names > 1)
    throw Error(
        Errc::not_permitted, subject,
        "the file there has " + std::to_string(to.names) + " names (hard links), which would part",
        "remove this name first, or give another path");
}

inline void keep_owner_and_mode(const Descriptor& file, const Destination& to,
                                const std::string& subject) {
  const auto path = detail::wide(to.path);
  DWORD size = 0;
  ::GetFileSecurityW(path.c_str(), DACL_SECURITY_INFORMATION, nullptr, 0, &size);
  std::string list(size, '\0');
  if (size == 0 ||
      ::GetFileSecurityW(path.c_str(), DACL_SECURITY_INFORMATION, list.data(), size, &size) == 0)
    return;  // a file system without access lists
  if (::SetKernelObjectSecurity(file.get(), DACL_SECURITY_INFORMATION, list.data()) == 0)
    throw last_failure(subject, "giving it the access list of the file there",
                       "remove that file, or give another path");
}

}  // namespace tessera::host

#endif
