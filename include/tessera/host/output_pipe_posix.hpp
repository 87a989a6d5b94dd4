// Floor 1, host: the members of output_pipe.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include <tessera/host/file.hpp>

namespace tessera::host {

inline OutputPipe OutputPipe::made(const std::string& subject) {
  OutputPipe out;
  int ends[2] = {no_file, no_file};
  {
    const detail::StreamNumbers taken;
#if defined(TESSERA_LINUX)
    const int result = ::pipe2(ends, O_CLOEXEC);
#else
    const int result = ::pipe(ends);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
    if (result == 0) {
      out.read_ = Descriptor(ends[0]);
      out.written_ = Descriptor(ends[1]);
    }
  }
  if (!out.read_ || !out.written_) throw last_failure(subject, "making a pipe");
  ::fcntl(out.read_.get(), F_SETFL, O_RDONLY | O_NONBLOCK);
#if defined(F_SETPIPE_SZ)
  ::fcntl(out.written_.get(), F_SETPIPE_SZ, 1 << 20);  // a hint: writers wait less often
#endif
  return out;
}

inline std::size_t OutputPipe::read(std::span<char> into) const noexcept {
  ssize_t n;
  do n = ::read(read_.get(), into.data(), into.size());
  while (n < 0 && errno == EINTR);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

inline void OutputPipe::take_output() const noexcept {
  std::fflush(stdout);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
    detail::retry([&] { return ::dup2(written_.get(), stream); });
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

inline void OutputPipe::write(std::string_view text) const noexcept {
  while (!text.empty()) {
    const auto n = ::write(written_.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace tessera::host

#endif
