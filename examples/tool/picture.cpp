#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "words.hpp"

#if defined(TOOL_HAS_PNG)
#include <png.h>
#endif

namespace tool {

Rgb viridis(double at) {
  // The map at 0, 1/8, ..., 1; between them it is close to linear.
  constexpr std::array<Rgb, 9> known{{{68, 1, 84},
                                      {71, 45, 123},
                                      {59, 82, 139},
                                      {44, 114, 142},
                                      {33, 144, 140},
                                      {39, 173, 129},
                                      {93, 200, 99},
                                      {170, 220, 50},
                                      {253, 231, 37}}};
  const double place = std::clamp(at, 0.0, 1.0) * (known.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), known.size() - 2);
  const double part = place - static_cast<double>(below);
  Rgb out;
  for (std::size_t c = 0; c < 3; ++c)
    out[c] = static_cast<std::uint8_t>(
        std::lround(known[below][c] + part * (known[below + 1][c] - known[below][c])));
  return out;
}

double Picture::place(double value) const {
  if (std::isinf(value)) return value > 0 ? 1 : 0;
  return high > low ? std::clamp((value - low) / (high - low), 0.0, 1.0) : 0.5;
}

void set_range(Picture& picture) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : picture.values)
    if (std::isfinite(value)) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  picture.low = low <= high ? low : 0;
  picture.high = low <= high ? high : 1;
}

Picture resized(const Picture& picture, std::size_t most_rows, std::size_t most_columns) {
  if (picture.values.empty()) return picture;
  most_rows = std::max<std::size_t>(1, most_rows);
  most_columns = std::max<std::size_t>(1, most_columns);
  Picture out{0, 0, {}, picture.low, picture.high};
  const auto factor =
      std::min({most_rows / picture.rows, most_columns / picture.columns, std::size_t{16}});
  if (factor >= 1) {
    out.rows = picture.rows * factor;
    out.columns = picture.columns * factor;
    for (std::size_t r = 0; r < out.rows; ++r)
      for (std::size_t c = 0; c < out.columns; ++c)
        out.values.push_back(picture(r / factor, c / factor));
    return out;
  }
  const double shrink =
      std::max(static_cast<double>(picture.rows) / static_cast<double>(most_rows),
               static_cast<double>(picture.columns) / static_cast<double>(most_columns));
  const auto smaller = [&](std::size_t extent) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(extent) / shrink));
  };
  out.rows = smaller(picture.rows);
  out.columns = smaller(picture.columns);
  for (std::size_t r = 0; r < out.rows; ++r)
    for (std::size_t c = 0; c < out.columns; ++c) {
      double sum = 0;
      std::size_t count = 0;
      const auto end_row = (r + 1) * picture.rows / out.rows;
      const auto end_column = (c + 1) * picture.columns / out.columns;
      for (auto y = r * picture.rows / out.rows; y < end_row; ++y)
        for (auto x = c * picture.columns / out.columns; x < end_column; ++x)
          if (const double value = picture(y, x); !std::isnan(value)) {
            sum += value;
            ++count;
          }
      out.values.push_back(count > 0 ? sum / static_cast<double>(count) : std::nan(""));
    }
  return out;
}

namespace {

constexpr std::string_view characters = ".:-=+*#%@";

/// The number of the nearest of the 256 colours: its cube of 6x6x6.
int in_palette(const Rgb& colour) {
  constexpr std::array<int, 6> levels{0, 95, 135, 175, 215, 255};
  int out = 16;
  for (std::size_t c = 0, weight = 36; c < 3; ++c, weight /= 6) {
    std::size_t best = 0;
    for (std::size_t level = 1; level < levels.size(); ++level)
      if (std::abs(levels[level] - colour[c]) < std::abs(levels[best] - colour[c])) best = level;
    out += static_cast<int>(best * weight);
  }
  return out;
}

/// Sets the colour of the characters (38) or behind them (48).
std::string coloured(int what, const Rgb& colour, Colours colours) {
  auto out = "\x1b[" + std::to_string(what);
  if (colours == Colours::palette) return out + ";5;" + std::to_string(in_palette(colour)) + "m";
  out += ";2";
  for (const auto part : colour) out += ";" + std::to_string(part);
  return out + "m";
}

/// Two numbers, one above the other: the colours, and the character.
std::pair<std::string, std::string_view> cell(const Picture& picture, double above, double below,
                                              Colours colours) {
  if (colours == Colours::none) {
    const double value = std::isnan(above)   ? below
                         : std::isnan(below) ? above
                                             : (above + below) / 2;
    if (std::isnan(value)) return {"", " "};
    const auto at = static_cast<std::size_t>(picture.place(value) * characters.size());
    return {"", characters.substr(std::min(at, characters.size() - 1), 1)};
  }
  const auto colour = [&](double value) { return viridis(picture.place(value)); };
  const std::string plain = "\x1b[0m";
  if (std::isnan(above) && std::isnan(below)) return {plain, " "};
  if (std::isnan(above)) return {plain + coloured(38, colour(below), colours), "▄"};
  if (std::isnan(below)) return {plain + coloured(38, colour(above), colours), "▀"};
  return {coloured(38, colour(above), colours) + coloured(48, colour(below), colours), "▀"};
}

}  // namespace

std::string drawn(const Picture& picture, Colours colours, const std::string& first,
                  const std::string& last) {
  const auto margin = std::max(first.size(), last.size());
  std::string out;
  for (std::size_t r = 0; r < picture.rows; r += 2) {
    const auto& label = r == 0 ? first : r + 2 >= picture.rows ? last : std::string();
    out += std::string(margin - label.size(), ' ') + label + ' ';
    std::string style;  // of the character before
    for (std::size_t c = 0; c < picture.columns; ++c) {
      const auto [its, character] = cell(
          picture, picture(r, c), r + 1 < picture.rows ? picture(r + 1, c) : std::nan(""), colours);
      if (its != style) out += style = its;
      out += character;
    }
    out += colours == Colours::none ? "\n" : "\x1b[0m\n";
  }
  return out;
}

std::string scale(const Picture& picture, Colours colours, const std::string& unit,
                  std::size_t width) {
  auto out = number(picture.low, 4) + ' ';
  const auto end = ' ' + number(picture.high, 4) + (unit.empty() ? "" : ' ' + unit);
  const auto rest = out.size() + end.size();
  const auto bar = std::clamp<std::size_t>(width > rest ? width - rest : 0, 9, 40);
  for (std::size_t i = 0; i < bar; ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(bar - 1);
    if (colours == Colours::none)
      out += characters[std::min(static_cast<std::size_t>(at * characters.size()),
                                 characters.size() - 1)];
    else
      out += coloured(38, viridis(at), colours) + "█";
  }
  if (colours != Colours::none) out += "\x1b[0m";
  return out + end;
}

#if defined(TOOL_HAS_PNG)

namespace {

/// 3x5 dots for each character, from the top left: digits, capitals and a few signs.
unsigned glyph(char c) {
  constexpr std::string_view known = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-+:,[]/_()%";
  constexpr std::array<unsigned, 48> dots{
      075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717,  // 0-9
      025755, 065656, 034443, 065556, 074647, 074644, 034553, 055755, 072227, 011152,  // A-J
      055655, 044447, 057755, 065555, 025552, 065644, 025563, 065655, 034216, 072222,  // K-T
      055557, 055552, 055775, 055255, 055222, 071247,                                  // U-Z
      000002, 000700, 002720, 002020, 000024, 064446, 031113, 011244, 000007, 012221,  // . - ... (
      042224, 051245};                                                                 // ) %
  const auto upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto at = known.find(upper);
  return at == known.npos ? 0 : dots[at];
}

/// A picture of coloured dots that text can be written into.
struct Canvas {
  std::size_t width, height;
  std::vector<Rgb> dots;
  Canvas(std::size_t w, std::size_t h) : width(w), height(h), dots(w * h, Rgb{255, 255, 255}) {}

  void fill(std::size_t x, std::size_t y, std::size_t w, std::size_t h, const Rgb& colour) {
    for (std::size_t j = y; j < std::min(y + h, height); ++j)
      for (std::size_t i = x; i < std::min(x + w, width); ++i) dots[j * width + i] = colour;
  }
  static std::size_t width_of(const std::string& text, std::size_t size) {
    return text.size() * 4 * size;
  }
  void write(std::size_t x, std::size_t y, const std::string& text, std::size_t size) {
    for (const char c : text) {
      const auto bits = glyph(c);
      for (std::size_t k = 0; k < 15; ++k)
        if ((bits >> (14 - k) & 1) != 0)
          fill(x + k % 3 * size, y + k / 3 * size, size, size, {30, 30, 30});
      x += 4 * size;
    }
  }
};

void save(const std::string& path, const Canvas& canvas) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"),
                                                             &std::fclose);
  if (!file) throw std::runtime_error("can't write " + path);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(canvas.width);
  image.height = static_cast<png_uint_32>(canvas.height);
  image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_stdio(&image, file.get(), 0, canvas.dots.data(), 0, nullptr) == 0)
    throw std::runtime_error("can't write " + path + ": " + image.message);
}

}  // namespace

void write_png(const std::string& path, const std::vector<Panel>& panels, const Picture& range,
               const std::string& title, const std::string& unit) {
  constexpr std::size_t edge = 24, bar = 20, longest = 1280;
  const auto across = std::min<std::size_t>(panels.size(), 4);
  const auto down = (panels.size() + across - 1) / across;
  std::vector<Panel> shown;
  std::size_t rows = 1, columns = 1;
  for (const auto& panel : panels) {
    shown.push_back({panel.title, resized(panel.picture, longest / across, longest / across)});
    rows = std::max(rows, shown.back().picture.rows);
    columns = std::max(columns, shown.back().picture.columns);
  }
  // Dots for one number, for one dot of a letter, and for a panel with what is around it.
  const auto dot = std::clamp<std::size_t>(longest / across / columns, 1, 16);
  const std::size_t letter = 3, small = 2;
  const bool titled =
      std::ranges::any_of(panels, [](const Panel& panel) { return !panel.title.empty(); });
  const auto heading = titled ? 5 * small + 6 : 0;
  const auto width = columns * dot + edge / 2, height = rows * dot + heading + edge / 2;
  const auto ends =
      std::array{number(range.low, 4), number(range.high, 4) + (unit.empty() ? "" : " " + unit)};
  const auto inner = std::max({across * width, Canvas::width_of(title, letter),
                               Canvas::width_of(ends[0] + "  " + ends[1], letter)});
  const auto top = 2 * edge + 5 * letter, below = top + down * height + edge / 2;
  Canvas canvas(inner + 2 * edge, below + bar + 5 * letter + edge);
  canvas.write(edge, edge, title, letter);
  for (std::size_t k = 0; k < shown.size(); ++k) {
    const auto& picture = shown[k].picture;
    const auto x = edge + k % across * width, y = top + k / across * height;
    canvas.write(x, y, shown[k].title, small);
    for (std::size_t r = 0; r < picture.rows; ++r)
      for (std::size_t c = 0; c < picture.columns; ++c)
        canvas.fill(
            x + c * dot, y + heading + r * dot, dot, dot,
            std::isnan(picture(r, c)) ? Rgb{222, 222, 222} : viridis(range.place(picture(r, c))));
  }
  for (std::size_t x = 0; x < inner; ++x)
    canvas.fill(edge + x, below, 1, bar,
                viridis(static_cast<double>(x) / static_cast<double>(inner - 1)));
  const auto labels = below + bar + 6;
  canvas.write(edge, labels, ends[0], letter);
  const auto middle = number((range.low + range.high) / 2, 4);
  if (inner > 2 * (Canvas::width_of(ends[0] + ends[1] + middle, letter)))
    canvas.write(edge + inner / 2 - Canvas::width_of(middle, letter) / 2, labels, middle, letter);
  canvas.write(edge + inner - Canvas::width_of(ends[1], letter) + letter, labels, ends[1], letter);
  save(path, canvas);
}

#else

void write_png(const std::string&, const std::vector<Panel>&, const Picture&, const std::string&,
               const std::string&) {
  throw std::runtime_error("--png: this program was built without libpng (Debian: libpng-dev)");
}

#endif

}  // namespace tool
