// Floor 3, memory: the definitions of any_slice.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/format/element_text.hpp>
#include <tessera/memory/any_slice.hpp>
#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/slice_writer.hpp>

namespace tessera {

TESSERA_FUNC Slice::Range Slice::of(std::size_t extent, const std::string& subject,
                                    std::size_t axis) const {
  const auto size = static_cast<Number>(extent);
  const auto from_end = [size](Number at) { return at < 0 ? at + size : at; };
  if (is_index_) {
    const auto at = from_end(begin_.value);
    if (at < 0 || at >= size)
      throw Error(Errc::invalid_argument, subject,
                  "index " + std::to_string(begin_.value) + " is outside axis " +
                      std::to_string(axis) + ", which has " + std::to_string(extent) + " elements",
                  "the first index is 0, the last is -1");
    return {static_cast<std::size_t>(at), 1, 1};
  }
  if (step_ == 0)
    throw Error(Errc::invalid_argument, subject, "a slice has step 0",
                "leave the step out, or let it be 1 or more, or negative to go backwards");
  const bool forward = step_ > 0;
  // As far as one may go: one beyond the last in the direction of the step.
  const Number least = forward ? 0 : -1, most = forward ? size : size - 1;
  const auto cut = [&](const Bound& at, Number otherwise) {
    return at.given ? std::clamp(from_end(at.value), least, most) : otherwise;
  };
  const auto first = cut(begin_, forward ? least : most), last = cut(end_, forward ? most : least);
  const auto distance = forward ? last - first : first - last;
  if (distance <= 0) return {0, 0, step_};
  const auto each = static_cast<std::size_t>(step_);
  const auto count = (static_cast<std::size_t>(distance) - 1) / (forward ? each : 0 - each) + 1;
  return {static_cast<std::size_t>(first), count, step_};
}

TESSERA_FUNC AnySlice::AnySlice(std::shared_ptr<const Segment> segment,
                                std::span<const Slice> slices)
    : segment_(std::move(segment)), dtype_(segment_->header().dtype), first_(segment_->data()) {
  const auto& header = segment_->header();
  const auto rank = header.shape.size();
  if (slices.size() > rank)
    throw Error(Errc::invalid_argument, segment_->subject(),
                std::to_string(slices.size()) + " indices or ranges for an array of " +
                    std::to_string(rank) + " axes",
                "give at most one for each axis");
  std::vector<std::ptrdiff_t> strides(rank);
  auto stride = static_cast<std::ptrdiff_t>(header.dtype.size);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto d = header.fortran_order ? i : rank - 1 - i;
    strides[d] = stride;
    stride *= static_cast<std::ptrdiff_t>(header.shape[d]);
  }
  const bool empty = detail::product_of(header.shape) == 0;
  for (std::size_t d = 0; d < rank; ++d) {
    const Slice slice = d < slices.size() ? slices[d] : Slice(full);
    const auto [first, count, step] = slice.of(header.shape[d], segment_->subject(), d);
    if (!empty && count > 0) first_ += static_cast<std::ptrdiff_t>(first) * strides[d];
    if (slice.is_index()) continue;
    shape_.push_back(count);
    strides_.push_back(count > 1 ? step * strides[d] : 0);
  }
}

template <class F>
void AnySlice::for_each(const F& f) const {
  const auto walk = [&](const auto& deeper, std::size_t axis, const std::byte* at) -> void {
    if (axis == shape_.size()) return f(at);
    for (std::size_t i = 0; i < shape_[axis]; ++i)
      deeper(deeper, axis + 1, at + static_cast<std::ptrdiff_t>(i) * strides_[axis]);
  };
  if (detail::product_of(shape_) > 0) walk(walk, 0, first_);
}

TESSERA_FUNC std::vector<double> AnySlice::values() const {
  if (dtype_.kind == 'V' || dtype_.kind == 'c')
    throw Error(Errc::type_mismatch, segment_->subject(),
                "its elements are " + detail::words(dtype_) + ", which are no numbers",
                "name a field of it, or real or imag");
  std::vector<double> out;
  out.reserve(detail::product_of(shape_));
  for_each(
      [&](const std::byte* element) { out.push_back(detail::element_number(dtype_, element)); });
  return out;
}

TESSERA_FUNC AnySlice AnySlice::field(std::string_view name) const {
  auto out = *this;
  if (dtype_.kind == 'c' && (name == "real" || name == "imag")) {
    out.dtype_ = {'f', dtype_.size / 2, dtype_.swapped, {}};
    if (name == "imag") out.first_ += dtype_.size / 2;
    return out;
  }
  for (const auto& field : dtype_.fields)
    if (field.name == name && field.shape.empty()) {
      out.dtype_ = field.type;
      out.first_ += field.offset;
      return out;
    }
  std::string what("there is no field '");
  what += name;
  throw Error(Errc::invalid_argument, segment_->subject(),
              what += "' that is one number in each element", "its type is " + dtype_.name());
}

TESSERA_FUNC std::ostream& AnySlice::print(std::ostream& out, const std::string& text) {
  return out << text;
}

TESSERA_FUNC std::string AnySlice::text() const {
  return detail::SliceWriter(dtype_, first_, shape_, strides_).text();
}

namespace detail {

TESSERA_FUNC std::vector<Slice> parse_slices(std::string_view text, std::size_t rank,
                                             const std::string& subject) {
  const auto refuse = [&](std::string_view part) -> Error {
    std::string what("'");
    what += part;
    return {Errc::invalid_argument, subject, what += "' is neither an index nor a range",
            "write them as in NumPy, one for each axis: 0,40:44,::2 or ...,-1"};
  };
  const auto trimmed = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  const auto split = [&](std::string_view whole, char separator) {
    std::vector<std::string_view> out;
    for (;;) {
      const auto end = whole.find(separator);
      out.push_back(trimmed(whole.substr(0, end)));
      if (end == whole.npos) return out;
      whole.remove_prefix(end + 1);
    }
  };
  std::vector<Slice> out;
  std::optional<std::size_t> rest_at;  // where "..." stands
  for (const auto part : split(text, ',')) {
    if (part == "..." && !rest_at) {
      rest_at = out.size();
      continue;
    }
    std::vector<Slice::Bound> numbers;
    for (const auto word : split(part, ':')) {
      auto& number = numbers.emplace_back(std::nullopt);
      if (word.empty()) continue;
      number.given = true;
      const auto* const end = word.data() + word.size();
      const auto [next, failure] = std::from_chars(word.data(), end, number.value);
      if (failure != std::errc() || next != end) throw refuse(part);
    }
    if (numbers.size() == 1 && numbers[0].given)
      out.emplace_back(numbers[0].value);
    else if (numbers.size() == 2 || numbers.size() == 3)
      out.emplace_back(numbers[0], numbers[1],
                       numbers.size() == 3 && numbers[2].given ? numbers[2].value : 1);
    else
      throw refuse(part);
  }
  if (rest_at && out.size() < rank)
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(*rest_at), rank - out.size(), Slice(full));
  return out;
}

}  // namespace detail
}  // namespace tessera
