// Floor 3, memory: elements in brackets, as NumPy lays out an array.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/element_text.hpp>

namespace tessera::detail {

/// Writes a slice as NumPy does: brackets for each axis, equal columns, lines of at most 75
/// characters.
class SliceWriter {
 public:
  /// `first`: the element at index 0, ..., 0; strides are in bytes. All must outlive it.
  SliceWriter(const Dtype& dtype, const std::byte* first, const std::vector<std::size_t>& shape,
              const std::vector<std::ptrdiff_t>& strides)
      : dtype_(dtype), begin_(first), shape_(shape), strides_(strides) {
    const bool cuts = product_of(shape) > 1000;
    std::size_t all = 1;
    for (const auto extent : shape) {
      shown_.push_back(cuts && extent > 2 * edge ? Shown{edge, edge} : Shown{extent, 0});
      all *= shown_.back().first + shown_.back().last;
    }
    for (auto& axis : shown_) {
      if (all <= most_elements) return;
      all /= axis.first + axis.last;
      axis = {1, 0};
    }
  }

  std::string text() {
    if (shape_.empty()) return item(begin_);
    if (product_of(shape_) == 0) return "[]";
    bool has_exponents = false;
    for_each(0, begin_, [&](const std::byte* element) {
      const auto& text = items_.emplace_back(item(element));
      width_ = (std::max)(width_, text.size());
      if (std::isdigit(static_cast<unsigned char>(text.back())) == 0) return;  // nan, inf
      const auto point = (std::min)(text.find('.'), text.size());
      before_point_ = (std::max)(before_point_, point);
      from_point_ = (std::max)(from_point_, text.size() - point);
      has_exponents = has_exponents || text.find('e') != text.npos;
    });
    aligns_ = dtype_.kind == 'f' && !has_exponents;
    if (aligns_) width_ = (std::max)(width_, before_point_ + from_point_);
    write(0);
    return std::move(out_);
  }

 private:
  static constexpr std::size_t edge = 3, longest_line = 75, most_elements = 20000;
  /// How many elements of an axis are shown, at its begin and at its end.
  struct Shown {
    std::size_t first, last;
  };

  std::string item(const std::byte* element) const { return element_text(dtype_, element); }
  std::size_t left_out(std::size_t axis) const {
    return shape_[axis] - shown_[axis].first - shown_[axis].last;
  }
  const std::byte* at(std::size_t axis, const std::byte* begin, std::size_t i) const {
    return begin + static_cast<std::ptrdiff_t>(i) * strides_[axis];
  }

  /// Calls f for each element that is shown.
  template <class F>
  void for_each(std::size_t axis, const std::byte* begin, const F& f) const {
    if (axis == shape_.size()) return f(begin);
    for (std::size_t i = 0; i < shape_[axis]; ++i) {
      if (i == shown_[axis].first) i += left_out(axis);
      if (i < shape_[axis]) for_each(axis + 1, at(axis, begin, i), f);
    }
  }

  void write(std::size_t axis) {
    out_ += '[';
    const auto extent = shape_[axis], gap = left_out(axis);
    const bool innermost = axis + 1 == shape_.size();
    auto line = axis + 1;  // characters in this line
    for (std::size_t i = 0; i < extent; ++i) {
      const bool first = i == 0;
      if (gap > 0 && i == shown_[axis].first) {
        i += gap;
        innermost ? write_dots(axis, line) : write_gap(axis);
        if (i == extent) break;
      }
      if (innermost) {
        if (!first) separate(axis, line, width_);
        write_item(items_[written_++]);
        line += width_;
      } else {
        if (!first) begin_line(axis);
        write(axis + 1);
      }
    }
    out_ += ']';
  }
  /// Before an item that is not the first: a blank, or a new line if it does not fit.
  void separate(std::size_t axis, std::size_t& line, std::size_t width) {
    if (line + 1 + width >= longest_line) {
      out_ += '\n';
      out_.append(axis + 1, ' ');
      line = axis + 1;
    } else {
      out_ += ' ';
      ++line;
    }
  }
  void write_dots(std::size_t axis, std::size_t& line) {
    separate(axis, line, 3);
    out_ += "...";
    line += 3;
  }
  void write_item(const std::string& text) {
    // Numbers stand with their points below each other; everything else, to the right.
    const bool aligned = aligns_ && std::isdigit(static_cast<unsigned char>(text.back())) != 0;
    const auto before =
        aligned ? before_point_ - (std::min)(text.find('.'), text.size()) : width_ - text.size();
    out_.append(before, ' ');
    out_ += text;
    out_.append(width_ - before - text.size(), ' ');
  }
  /// Between two parts that have axes of their own.
  void begin_line(std::size_t axis) {
    out_.append(shape_.size() - 1 - axis, '\n');
    out_.append(axis + 1, ' ');
  }
  void write_gap(std::size_t axis) {
    begin_line(axis);
    out_ += "...";
  }

  const Dtype& dtype_;
  const std::byte* begin_;
  const std::vector<std::size_t>& shape_;
  const std::vector<std::ptrdiff_t>& strides_;
  std::vector<Shown> shown_;
  std::vector<std::string> items_;  // read once: another process may be writing them
  std::size_t written_ = 0;         // of these
  bool aligns_ = false;
  std::size_t width_ = 0, before_point_ = 0, from_point_ = 0;  // of the widest elements
  std::string out_;
};

}  // namespace tessera::detail
