// Floor 1, host: a pipe for what a process prints. Another process reads it without waiting.
#pragma once

#include <cstddef>
#include <cstdint>
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
  explicit OutputPipe(Descriptor written) noexcept
      : written_(std::move(written)), identity_(detail::pipe_identity(written_)) {}
  /// Both ends. Throws Error(system), which names `subject`.
  /// `bytes`: how much it should hold, if the system lets this process choose.
  static OutputPipe made(const std::string& subject, std::size_t bytes = 65536) {
    OutputPipe out;
    detail::make_pipe(out.read_, out.written_, bytes, subject);
    out.identity_ = detail::pipe_identity(out.written_);
    return out;
  }

  explicit operator bool() const noexcept { return static_cast<bool>(written_); }
  const Descriptor& written_end() const noexcept { return written_; }
  void close_written_end() noexcept { written_.reset(); }
  void close_read_end() noexcept { read_.reset(); }
  /// False if this process has closed the written end's number, or uses it for something else.
  bool intact() const noexcept { return detail::is_pipe(written_, identity_); }

  /// How many bytes can be read now.
  std::size_t available() const noexcept { return detail::bytes_there(read_); }

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
  std::uint64_t identity_ = 0;  // of the written end, as the system knows it
};

}  // namespace tessera::host
