// view, watch: a picture of an array, once and at each step.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <tessera/memory/any_array.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "picture.hpp"
#include "target.hpp"
#include "terminal.hpp"
#include "words.hpp"

namespace tool {

namespace {

using namespace tessera;
using Clock = std::chrono::steady_clock;

/// The last step that was published; 0 for what has no steps, such as a file.
std::uint64_t step_of(const AnyArray& array) {
  return array.segment().control_block() != nullptr ? array.published() : 0;
}

/// What of an array is shown: its slices, or the last two axes at index 0 of the others; of a ring
/// of steps, the last step.
std::string slices_of(const Target& target, const AnyArray& array) {
  if (!target.slices.empty()) return target.slices;
  std::string out;
  for (std::size_t d = 0; d + 2 < array.dimension(); ++d) {
    const auto step = d == 0 && array.dimension() == 3 && array.shape()[0] > 0
                          ? (std::max<std::uint64_t>(1, step_of(array)) - 1) % array.shape()[0]
                          : 0;
    out += (out.empty() ? "" : ",") + std::to_string(step);
  }
  return out.empty() ? "..." : out;
}

struct View {
  Picture picture;
  std::string title;
};

View look(const Target& target, const AnyArray& array, const ViewOptions& options) {
  const auto slices = slices_of(target, array);
  auto part = array.slice(slices);
  if (!options.field.empty()) part = part.field(options.field);
  const auto& shape = part.shape();
  if (shape.size() > 2 || shape.empty())
    throw std::runtime_error(target.what + "[" + slices + "] has " + std::to_string(shape.size()) +
                             " axes; a picture has two: give an index for each of the others");
  View out;
  out.picture.rows = shape.size() == 2 ? shape[0] : 1;
  out.picture.columns = shape.back();
  out.picture.values = part.values();
  if (options.flip)
    for (std::size_t top = 0, below = out.picture.rows; top + 1 < below; ++top) {
      const auto row = [&](std::size_t r) {
        return out.picture.values.begin() + static_cast<std::ptrdiff_t>(r * out.picture.columns);
      };
      --below;
      std::swap_ranges(row(top), row(top + 1), row(below));
    }
  if (options.low < options.high) {
    out.picture.low = options.low;
    out.picture.high = options.high;
  } else {
    set_range(out.picture);
  }
  out.title = printable(target.what) + (slices == "..." ? "" : "[" + slices + "]");
  if (!options.field.empty()) out.title += "." + printable(options.field);
  return out;
}

std::string framed(const View& view, const Terminal& screen, const ViewOptions& options,
                   std::size_t lines) {
  const auto& full = view.picture;
  if (full.values.empty()) return view.title + ": no elements\n";
  std::string first = "0", last = std::to_string(full.rows - 1);
  const auto margin = last.size() + 1;
  if (options.flip) std::swap(first, last);
  const auto shown =
      resized(full, 2 * lines, screen.columns > margin + 1 ? screen.columns - margin - 1 : 1);
  auto out = view.title + "  " + shape_in_words({full.rows, full.columns}) + '\n';
  out += drawn(shown, screen.colours, first, shown.rows > 2 ? last : "");
  const auto end = std::to_string(full.columns - 1);
  out += std::string(margin, ' ') + "0" +
         (shown.columns > end.size() + 1 ? std::string(shown.columns - end.size() - 1, ' ') + end
                                         : "") +
         '\n';
  return out + scale(full, screen.colours, options.unit, screen.columns) + '\n';
}

}  // namespace

void view(const ViewOptions& options) {
  const Target target(options.what);
  const auto seen = look(target, target.open(options.any_user), options);
  if (!options.png.empty()) {
    write_png(options.png, {{"", seen.picture}}, seen.picture, seen.title, options.unit);
    std::cout << options.png << '\n';
    return;
  }
  const auto screen = terminal(options.colours);
  std::cout << framed(seen, screen, options, screen.rows > 6 ? screen.rows - 4 : 2);
}

void watch(const ViewOptions& options) {
  const Target target(options.what);
  const auto array = target.open(options.any_user);
  const bool has_steps = array.segment().control_block() != nullptr;
  const Interruption interruption;
  const auto interval = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(options.interval));
  std::vector<double> before;
  auto seen = step_of(array);
  auto since = Clock::now();
  bool ended = false;
  for (int pictures = 0; !Interruption::asked_for();) {
    const auto screen = terminal(options.colours);
    const auto now = look(target, array, options);
    const auto published = step_of(array);
    std::size_t changed = 0;
    double most = 0;
    for (std::size_t i = 0; i < before.size() && i < now.picture.values.size(); ++i) {
      const double a = before[i], b = now.picture.values[i];
      if (a == b || (std::isnan(a) && std::isnan(b))) continue;
      ++changed;
      if (std::abs(a - b) > most) most = std::abs(a - b);
    }
    const std::chrono::duration<double> took = Clock::now() - since;
    std::string line = "step " + std::to_string(published);
    if (published > seen && took.count() > 0)
      line += ", " + number(static_cast<double>(published - seen) / took.count(), 3) + " steps/s";
    if (!before.empty())
      line += changed == 0 ? ", nothing changed"
                           : ", " + std::to_string(changed) + " elements changed, at most by " +
                                 number(most, 3);
    if (ended) line += "; its owner has ended";
    auto text = framed(now, screen, options, screen.rows > 7 ? screen.rows - 5 : 2) + line + '\n';
    if (screen.is_one) {
      std::cout << "\x1b[H";
      for (const char c : text)
        if (c == '\n')
          std::cout << "\x1b[K\n";
        else
          std::cout << c;
      std::cout << "\x1b[J" << std::flush;
    } else {
      std::cout << text << std::flush;
    }
    if (ended || ++pictures == options.pictures) return;
    before = now.picture.values;
    seen = published;
    since = Clock::now();
    // In parts, so that Ctrl-C is noticed.
    const auto until = Clock::now() + interval;
    do {
      const auto left =
          std::min<std::chrono::nanoseconds>(until - Clock::now(), std::chrono::milliseconds(50));
      if (!has_steps) {
        std::this_thread::sleep_for(left);
        continue;
      }
      const auto news = array.wait_published(seen, left);
      if (news == Published::owner_gone) ended = true;
      if (news != Published::timed_out) break;
    } while (!Interruption::asked_for() && Clock::now() < until);
  }
}

}  // namespace tool
