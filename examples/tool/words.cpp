#include "words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace tool {

std::string number(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
}

std::string bytes_in_words(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  auto size = static_cast<double>(bytes);
  for (const auto* const unit : {" kB", " MB", " GB", " TB"}) {
    size /= 1000;
    if (size < 999.5) return number(size, size < 10 ? 2 : 3) + unit;
  }
  return number(size / 1000, 4) + " PB";
}

std::string seconds_in_words(double seconds) {
  if (seconds < 0) return "-";
  const std::array<std::pair<double, const char*>, 3> units{
      {{86400, " d"}, {3600, " h"}, {60, " min"}}};
  for (const auto& [size, unit] : units)
    if (seconds >= 2 * size) return std::to_string(static_cast<long>(seconds / size)) + unit;
  return std::to_string(static_cast<long>(seconds)) + " s";
}

std::string shape_in_words(const std::vector<std::size_t>& shape) {
  std::string out;
  for (const auto extent : shape) {
    if (!out.empty()) out += 'x';
    out += std::to_string(extent);
  }
  return out.empty() ? "scalar" : out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
      out += code.data();
    }
  }
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {  // names of others may be any bytes: as Latin-1
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", byte);
      out += code.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool fits(std::string_view name, std::string_view pattern) {
  std::size_t at = 0, p = 0, star = pattern.npos, retry = 0;
  while (at < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = at;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[at])) {
      ++p;
      ++at;
    } else if (star != pattern.npos) {
      p = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width,
                  std::string_view right) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::size_t others = 0;
  for (std::size_t c = 1; c < widths.size(); ++c) others += 2 + widths[c];
  constexpr std::size_t least = 8;
  if (width > 0 && widths[0] + others > width)
    widths[0] = std::max(least, width - std::min(width, others));
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      auto text = row[c];
      if (text.size() > widths[c]) text = text.substr(0, widths[c] - 2) + "..";
      const std::string gap(widths[c] - text.size(), ' ');
      const bool to_right = c < right.size() && right[c] == 'r';
      line += to_right ? gap + text : text + gap;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace tool
