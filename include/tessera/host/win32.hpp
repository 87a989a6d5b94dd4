// Floor 1, host: Windows' own header, and the Error of a failed Windows call.
//
// Empty on other systems. Only host/ includes it. It leaves the macros min and max as they were.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN  // without its old sockets header, which conflicts with the new one
#define TESSERA_MADE_WINDOWS_LEAN
#endif
#pragma push_macro("min")
#pragma push_macro("max")
#include <windows.h>
#pragma pop_macro("max")
#pragma pop_macro("min")
#if defined(TESSERA_MADE_WINDOWS_LEAN)
#undef WIN32_LEAN_AND_MEAN
#undef TESSERA_MADE_WINDOWS_LEAN
#endif

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/error.hpp>

namespace tessera::host::detail {

inline std::string words_of(DWORD code) {
  std::array<char, 300> text{};
  const auto length =
      ::FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                       text.data(), static_cast<DWORD>(text.size()), nullptr);
  std::string words(text.data(), length);
  words.resize(words.find_last_not_of("\r\n. ") + 1);
  return words + " (error " + std::to_string(code) + ")";
}

/// An Error from GetLastError: a typed code if one fits, and always the system's text.
inline Error failure_of(DWORD code, std::string subject, std::string_view doing,
                        std::string_view advice) {
  const auto errc = [code] {
    switch (code) {
      case ERROR_FILE_NOT_FOUND:
      case ERROR_PATH_NOT_FOUND: return Errc::name_missing;
      case ERROR_ALREADY_EXISTS:
      case ERROR_FILE_EXISTS: return Errc::name_taken;
      case ERROR_ACCESS_DENIED:
      case ERROR_SHARING_VIOLATION: return Errc::not_permitted;
      case ERROR_DISK_FULL:
      case ERROR_HANDLE_DISK_FULL:
      case ERROR_NOT_ENOUGH_MEMORY:
      case ERROR_OUTOFMEMORY:
      case ERROR_COMMITMENT_LIMIT:
      case ERROR_COMMITMENT_MINIMUM:
      case ERROR_NO_SYSTEM_RESOURCES: return Errc::no_space;
      default: return Errc::system;
    }
  }();
  return {errc, std::move(subject), std::string(doing) + ": " + words_of(code), advice};
}

/// The halves of a 64-bit number, as Windows calls take them.
inline DWORD high_of(std::uint64_t number) noexcept { return static_cast<DWORD>(number >> 32); }
inline DWORD low_of(std::uint64_t number) noexcept {
  return static_cast<DWORD>(number & 0xffffffffu);
}

}  // namespace tessera::host::detail

#endif
