// Floor 1, host: a pipe for what a process prints. Another process reads it without waiting.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>

#if defined(TESSERA_POSIX)
#include <tessera/host/output_pipe_posix.hpp>
#else
#include <tessera/host/output_pipe_win32.hpp>
#endif

namespace tessera::host {

/// One pipe. Its two ends may belong to different processes.
class OutputPipe {
 public:
  /// Neither end.
  OutputPipe() = default;
  /// The end that is written, of another process's pipe.
  explicit OutputPipe(Descriptor written) noexcept : written_(std::move(written)) {}
  /// Both ends. Throws Error(system), which names `subject`.
  static OutputPipe made(const std::string& subject) {
    OutputPipe out;
    detail::make_pipe(out.read_, out.written_, subject);
    return out;
  }

  explicit operator bool() const noexcept { return static_cast<bool>(written_); }
  const Descriptor& written_end() const noexcept { return written_; }
  void close_written_end() noexcept { written_.reset(); }

  /// Reads what is there now. Returns how many bytes; 0 if there are none.
  std::size_t read(std::span<char> into) const noexcept {
    return detail::read_what_is_there(read_, into);
  }

  /// Standard output and error stream of this process go into the pipe from now on, lines as they
  /// are printed. What they had buffered is printed where it went before.
  void take_output() const noexcept { detail::print_into(written_); }
  /// Writes all of `text`. Waits while the pipe is full.
  void write(std::string_view text) const noexcept { detail::write_all(written_, text); }

 private:
  Descriptor read_, written_;
};

}  // namespace tessera::host
