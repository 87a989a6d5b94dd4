// Floor 1, host: the functions of scratch.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <cstdint>
#include <exception>
#include <string>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/scratch_name.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

namespace detail {

/// Locks a byte that is behind any file's end.
inline bool lock_scratch(const Descriptor& file) {
  auto where = at(std::uint64_t{1} << 62);
  return ::LockFileEx(file.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                      &where) != 0;
}

inline Descriptor open_scratch(const std::string& folder, std::wstring& path) {
  for (int tries = 0; tries < 100; ++tries) {
    const auto name = folder + scratch_name();
    path = wide(name);
    Descriptor file =
        open_file(path, GENERIC_READ | GENERIC_WRITE | DELETE | WRITE_DAC, CREATE_NEW);
    if (!file && ::GetLastError() == ERROR_FILE_EXISTS) continue;
    if (!file) break;
    if (!lock_scratch(file)) continue;
    const auto found = open_file(path, 0, OPEN_EXISTING);
    if (found && file_info(found, name).id == file_info(file, name).id) return file;
  }
  path.clear();
  return {};
}

}  // namespace detail

inline void sweep(const std::string& folder) noexcept {
  try {
    WIN32_FIND_DATAW found{};
    const HANDLE entries =
        ::FindFirstFileW(detail::wide(folder + detail::scratch_prefix() + "*").c_str(), &found);
    if (entries == INVALID_HANDLE_VALUE) return;
    do {
      const auto path = detail::wide(folder) + found.cFileName;
      const auto file = detail::open_file(path, GENERIC_READ | DELETE, OPEN_EXISTING);
      if (file && detail::lock_scratch(file)) ::DeleteFileW(path.c_str());
    } while (::FindNextFileW(entries, &found) != 0);
    ::FindClose(entries);
  } catch (const std::exception&) {
    // No memory: the next sweep tries again.
  }
}

}  // namespace tessera::host

#endif
