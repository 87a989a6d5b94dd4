// Numbers, names and tables as a person reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

std::string bytes_in_words(std::uint64_t bytes);              // 448 B, 1.5 MB, 12 GB
std::string seconds_in_words(double seconds);                 // 12 s, 3 min, 2 d; - if negative
std::string shape_in_words(const std::vector<std::size_t>&);  // 365x16x16
std::string number(double value, int digits = 6);

/// A terminal obeys some bytes; these are shown as \x1b.
std::string printable(std::string_view text);
std::string json_string(std::string_view text);

/// Whether a name fits a pattern with * and ?.
bool fits(std::string_view name, std::string_view pattern);

/// A table, whose first column is cut so that lines fit `width`; 0: none is cut. Columns in `right`
/// are aligned to the right.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width,
                  std::string_view right);

}  // namespace tool
