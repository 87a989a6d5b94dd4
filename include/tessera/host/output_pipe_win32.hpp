// Floor 1, host: the system calls of output_pipe.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <fcntl.h>
#include <io.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host::detail {

/// Makes both ends of a pipe. Throws Error(system).
inline void make_pipe(Descriptor& read_end, Descriptor& written_end, std::size_t bytes,
                      const std::string& subject) {
  HANDLE read = nullptr, written = nullptr;
  if (::CreatePipe(&read, &written, nullptr, static_cast<DWORD>(bytes)) == 0)
    throw last_failure(subject, "making a pipe");
  read_end = Descriptor(read);
  written_end = Descriptor(written);
}

inline std::uint64_t pipe_identity(const Descriptor& pipe) noexcept {
  return ::GetFileType(pipe.get()) == FILE_TYPE_PIPE ? 1 : 0;
}
inline bool is_pipe(const Descriptor& pipe, std::uint64_t identity) noexcept {
  return identity != 0 && pipe_identity(pipe) == identity;
}

inline std::size_t bytes_there(const Descriptor& pipe) noexcept {
  DWORD there = 0;
  return ::PeekNamedPipe(pipe.get(), nullptr, 0, nullptr, &there, nullptr) != 0 ? there : 0;
}

inline std::size_t read_what_is_there(const Descriptor& pipe, std::span<char> into) noexcept {
  DWORD n = 0;
  const auto most = static_cast<DWORD>((std::min)(bytes_there(pipe), into.size()));
  if (most == 0) return 0;
  return ::ReadFile(pipe.get(), into.data(), most, &n, nullptr) != 0 ? n : 0;
}

inline void print_into(const Descriptor& pipe) noexcept {
  std::fflush(stdout);
  std::fflush(stderr);
  const HANDLE self = ::GetCurrentProcess();
  HANDLE copy = nullptr;
  if (::DuplicateHandle(self, pipe.get(), self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0)
    return;
  const int number = ::_open_osfhandle(reinterpret_cast<std::intptr_t>(copy), _O_BINARY);
  if (number < 0) return;
  for (auto* const stream : {stdout, stderr})
    if (const int its = ::_fileno(stream); its >= 0) ::_dup2(number, its);
  ::_close(number);
  for (const DWORD stream : {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE})
    ::SetStdHandle(stream, pipe.get());
  std::setvbuf(stdout, nullptr, _IONBF, 0);  // this system has no buffering by lines
}

inline void write_all(const Descriptor& pipe, std::string_view text) noexcept {
  while (!text.empty()) {
    DWORD n = 0;
    if (::WriteFile(pipe.get(), text.data(), static_cast<DWORD>(text.size()), &n, nullptr) == 0)
      return;
    text.remove_prefix(n);
  }
}

}  // namespace tessera::host::detail

#endif
