// Floor 1, host: the functions of segment_files.hpp for Windows, whose named memory is a section.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/open_file.hpp>
#include <tessera/host/section_win32.hpp>

namespace tessera::host {

inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool follow) {
  const bool writes = access == Access::read_write;
  auto found = follow
                   ? detail::open_file(detail::wide(path),
                                       GENERIC_READ | (writes ? GENERIC_WRITE : 0), OPEN_EXISTING)
                   : Descriptor(::OpenFileMappingA(FILE_MAP_READ | (writes ? FILE_MAP_WRITE : 0),
                                                   FALSE, path.c_str()));
  if (!found) {
    const auto code = ::GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) return std::nullopt;
    if (code == ERROR_INVALID_HANDLE)
      throw Error(Errc::not_an_array, subject, "its name is that of an event, a mutex or the like",
                  "choose another name");
    throw detail::failure_of(code, subject, "opening",
                             writes ? "a const element type opens read-only" : "");
  }
  if (!follow && detail::first_word_of(found, subject) == 0) return std::nullopt;
  const auto info = file_info(found, subject);
  if (!info.regular)
    throw Error(Errc::not_an_array, subject, "it is a folder", "a path must lead to a file");
  if (!follow) detail::KnownNames::instance().add(path);
  return OpenFile{std::move(found), info};
}

inline std::vector<std::string> segment_names() {
  return detail::KnownNames::instance().there_now();
}

}  // namespace tessera::host

#endif
