// Public: LogLine, log_to_stderr. Floor 4, pool: what workers print, line by line.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tessera {

/// A line that a worker has printed, to its standard output or its error stream.
struct LogLine {
  std::size_t worker;               ///< number of the worker
  std::optional<std::size_t> tile;  ///< its tile; none while it is set up, and between two jobs
  std::string_view text;            ///< without the line's end; valid during the call
};

/// For PoolOptions::log: prints each line to the error stream, in one piece:
///
///     [worker 3, tile 12] no observation in rows 40 to 44
inline void log_to_stderr(const LogLine& line) {
  auto text = "[worker " + std::to_string(line.worker);
  if (line.tile) text += ", tile " + std::to_string(*line.tile);
  text += "] ";
  text += line.text;
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace tessera
