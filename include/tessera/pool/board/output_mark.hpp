// Floor 4, pool/board: how a worker says between the lines that it prints which tile begins.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <tessera/host/output_pipe.hpp>

namespace tessera::detail {

/// Begins a mark. A line that a program prints does not contain it, except on purpose.
inline constexpr std::string_view output_mark("\0tessera tile ", 14);
/// What stands in a mark for no tile.
inline constexpr std::string_view no_tile_mark = "none";

/// Says that what follows belongs to this tile, or to none.
inline void mark_output(const host::OutputPipe& pipe, std::optional<std::size_t> tile) {
  std::string text(output_mark);
  text += tile ? std::to_string(*tile) : no_tile_mark;
  pipe.write(text += '\n');
}

/// How much of a line that has no end yet can be passed on: not a mark that may have begun.
inline std::size_t before_mark(std::string_view line) {
  constexpr std::size_t longest = output_mark.size() + 20;  // with its number
  const auto begin = line.size() - (std::min)(line.size(), longest);
  const auto at = line.find(output_mark.front(), begin);
  return at == line.npos ? line.size() : at;
}

/// A line without its end, as it was read.
struct MarkedLine {
  std::string_view text;            ///< up to a mark, if there is one
  bool is_mark = false;             ///< a mark ends the line
  std::optional<std::size_t> tile;  ///< the mark's
};
inline MarkedLine read_mark(std::string_view line) {
  const auto at = line.find(output_mark);
  if (at == line.npos) return {line, false, {}};
  const auto number = line.substr(at + output_mark.size());
  if (number == no_tile_mark) return {line.substr(0, at), true, {}};
  std::size_t tile = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), tile);
  if (failure != std::errc() || end != number.data() + number.size()) return {line, false, {}};
  return {line.substr(0, at), true, tile};
}

}  // namespace tessera::detail
