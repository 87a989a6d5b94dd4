// A 2-d array as a picture: in the terminal, and as a PNG file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "terminal.hpp"

namespace tool {

using Rgb = std::array<std::uint8_t, 3>;

/// A colour of viridis, a map that is perceptually uniform and can be read by colour-blind people
/// (S. van der Walt and N. Smith, for matplotlib, 2015, CC0). `at` is 0 to 1.
Rgb viridis(double at);

/// Numbers in rows and columns, and the range that the colours span. NaN has no colour.
struct Picture {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;
  double low = 0, high = 1;

  double operator()(std::size_t row, std::size_t column) const {
    return values[row * columns + column];
  }
  /// Where a value lies in the range, 0 to 1.
  double place(double value) const;
};

/// The range of the finite values; 0 to 1 if there are none.
void set_range(Picture& picture);

/// The picture in at most so many rows and columns: means of blocks, NaN left out; small ones are
/// enlarged, by whole factors. Rows and columns keep their proportion.
Picture resized(const Picture& picture, std::size_t most_rows, std::size_t most_columns);

/// Two rows of numbers in each line: half blocks in colour, or one of nine characters. `first` and
/// `last` stand at the left of the first and the last line.
std::string drawn(const Picture& picture, Colours colours, const std::string& first,
                  const std::string& last);

/// The colours, or the characters, with the ends of the range: -2.5 ▕████▏ 31 degC.
std::string scale(const Picture& picture, Colours colours, const std::string& unit,
                  std::size_t width);

/// One of several pictures in a file.
struct Panel {
  std::string title;
  Picture picture;
};

/// Writes a PNG file: a title, the panels in rows of up to four, all of them in the colours of
/// `range`, and a colour bar with its ends. NaN is grey. Throws std::runtime_error, also if the
/// program was built without libpng.
void write_png(const std::string& path, const std::vector<Panel>& panels, const Picture& range,
               const std::string& title, const std::string& unit);

}  // namespace tool
