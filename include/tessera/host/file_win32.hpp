// Floor 1, host: the functions of file.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/section_win32.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

namespace detail {

/// A path for Windows calls. The text is UTF-8; if it is not valid UTF-8, it is in the code page in
/// which main() gets its arguments.
inline std::wstring wide(const std::string& path) {
  for (const UINT page : {static_cast<UINT>(CP_UTF8), static_cast<UINT>(CP_ACP)}) {
    const DWORD flags = page == CP_UTF8 ? MB_ERR_INVALID_CHARS : 0;
    const auto size = static_cast<int>(path.size());
    const int length = ::MultiByteToWideChar(page, flags, path.data(), size, nullptr, 0);
    if (length <= 0) continue;
    std::wstring out(static_cast<std::size_t>(length), L'\0');
    ::MultiByteToWideChar(page, flags, path.data(), size, out.data(), length);
    return out;
  }
  return {};
}

inline std::string narrow(const std::filesystem::path& path) {
  const auto text = path.u8string();
  return {text.begin(), text.end()};
}

inline Descriptor open_file(const std::wstring& path, DWORD access, DWORD disposition) noexcept {
  const HANDLE file = ::CreateFileW(
      path.c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
      disposition, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  return Descriptor(file == INVALID_HANDLE_VALUE ? nullptr : file);
}

inline OVERLAPPED at(std::uint64_t offset) noexcept {
  OVERLAPPED out{};
  out.Offset = low_of(offset);
  out.OffsetHigh = high_of(offset);
  return out;
}

}  // namespace detail

inline bool readable(const Descriptor&, std::chrono::milliseconds) noexcept { return false; }

inline FileInfo file_info(const Descriptor& file, const std::string& subject) {
  if (detail::is_section(file))
    return {detail::section_id(subject), detail::View(file, FILE_MAP_READ, 0, 0, subject).size(),
            true, true};
  BY_HANDLE_FILE_INFORMATION info{};
  if (::GetFileInformationByHandle(file.get(), &info) == 0)
    throw last_failure(subject, "reading its size");
  const auto both = [](DWORD high, DWORD low) { return std::uint64_t{high} << 32 | low; };
  return {{info.dwVolumeSerialNumber, both(info.nFileIndexHigh, info.nFileIndexLow)},
          both(info.nFileSizeHigh, info.nFileSizeLow),
          (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0,
          true};
}

inline std::size_t read_into(const Descriptor& file, std::uint64_t offset, void* to,
                             std::size_t bytes, const std::string& subject) {
  if (detail::is_section(file)) {
    const auto size = file_info(file, subject).bytes;
    if (offset >= size || bytes == 0) return 0;
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, size - offset));
    const detail::View view(file, FILE_MAP_READ, offset, bytes, subject);
    std::memcpy(to, view.data(), bytes);
    return bytes;
  }
  std::size_t got = 0;
  while (got < bytes) {
    auto where = detail::at(offset + got);
    DWORD n = 0;
    if (::ReadFile(file.get(), static_cast<char*>(to) + got,
                   static_cast<DWORD>(std::min<std::size_t>(bytes - got, 1u << 30)), &n,
                   &where) == 0 &&
        ::GetLastError() != ERROR_HANDLE_EOF)
      throw last_failure(subject, "reading");
    if (n == 0) break;
    got += n;
  }
  return got;
}

inline void write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                     const std::string& subject) {
  if (bytes.empty()) return;
  if (detail::is_section(file)) {
    const detail::View view(file, FILE_MAP_WRITE, offset, bytes.size(), subject);
    std::memcpy(view.data(), bytes.data(), bytes.size());
    return;
  }
  while (!bytes.empty()) {
    auto where = detail::at(offset);
    DWORD n = 0;
    if (::WriteFile(file.get(), bytes.data(),
                    static_cast<DWORD>(std::min<std::size_t>(bytes.size(), 1u << 30)), &n,
                    &where) == 0)
      throw last_failure(subject, "writing");
    bytes.remove_prefix(n);
    offset += n;
  }
}

}  // namespace tessera::host

#endif
