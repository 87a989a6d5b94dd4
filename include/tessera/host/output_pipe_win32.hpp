// Floor 1, host: the members of output_pipe.hpp for Windows.
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

#include <tessera/host/file_info.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

inline OutputPipe OutputPipe::made(const std::string& subject) {
  OutputPipe out;
  HANDLE read = nullptr, written = nullptr;
  if (::CreatePipe(&read, &written, nullptr, 1 << 20) == 0)
    throw last_failure(subject, "making a pipe");
  out.read_ = Descriptor(read);
  out.written_ = Descriptor(written);
  return out;
}

inline std::size_t OutputPipe::read(std::span<char> into) const noexcept {
  DWORD there = 0, n = 0;
  if (::PeekNamedPipe(read_.get(), nullptr, 0, nullptr, &there, nullptr) == 0 || there == 0)
    return 0;
  const auto most = (std::min)(there, static_cast<DWORD>(into.size()));
  return ::ReadFile(read_.get(), into.data(), most, &n, nullptr) != 0 ? n : 0;
}

inline void OutputPipe::take_output() const noexcept {
  std::fflush(stdout);
  std::fflush(stderr);
  const HANDLE self = ::GetCurrentProcess();
  HANDLE copy = nullptr;
  if (::DuplicateHandle(self, written_.get(), self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0)
    return;
  const int number = ::_open_osfhandle(reinterpret_cast<std::intptr_t>(copy), _O_BINARY);
  if (number < 0) return;
  for (auto* const stream : {stdout, stderr})
    if (const int its = ::_fileno(stream); its >= 0) ::_dup2(number, its);
  ::_close(number);
  for (const DWORD stream : {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE})
    ::SetStdHandle(stream, written_.get());
  std::setvbuf(stdout, nullptr, _IONBF, 0);  // this system has no buffering by lines
}

inline void OutputPipe::write(std::string_view text) const noexcept {
  while (!text.empty()) {
    DWORD n = 0;
    if (::WriteFile(written_.get(), text.data(), static_cast<DWORD>(text.size()), &n, nullptr) == 0)
      return;
    text.remove_prefix(n);
  }
}

}  // namespace tessera::host

#endif
