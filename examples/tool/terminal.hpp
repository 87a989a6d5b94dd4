// The terminal: its size, its colours, and Ctrl-C.
#pragma once

#include <cstddef>
#include <string>

namespace tool {

enum class Colours { none, palette, full };  // plain characters, 256 colours, 24 bits

/// Standard output, as it is now.
struct Terminal {
  bool is_one = false;  // false: a pipe or a file
  std::size_t columns = 80, rows = 24;
  Colours colours = Colours::none;
};

/// Asks the system. NO_COLOR, TERM and COLORTERM choose the colours; `forced`, if it is not empty,
/// does so instead: none, 256 or full. Throws std::runtime_error for another word.
Terminal terminal(const std::string& forced = {});

/// Whether the error stream is a terminal: for lines that are written over.
bool error_stream_is_terminal();

/// From its construction on, Ctrl-C (and SIGTERM) is remembered and ends nothing.
class Interruption {
 public:
  Interruption();
  static bool asked_for() noexcept;
};

}  // namespace tool
