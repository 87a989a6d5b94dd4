// Floor 1, format: the definitions of element_text.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/text.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/element_text.hpp>
#include <tessera/format/visit_dtype.hpp>

namespace tessera::detail {

template <class T>
T value_at(const std::byte* bytes) {
  T out;
  std::memcpy(&out, bytes, sizeof out);
  return out;
}

/// An IEEE half.
inline float half_at(const std::byte* bytes) {
  const auto bits = value_at<std::uint16_t>(bytes);
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

template <class T>
std::string float_text(T value) {
  constexpr std::ptrdiff_t decimals = 8;
  if (std::isnan(value)) return "nan";  // whatever its sign
  const auto size = std::abs(value);
  const bool fixed = value == 0 || (size >= T(1e-4) && size < T(1e16));
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  std::array<char, 64> text;
  auto* const begin = text.data();
  const auto last = begin + text.size();
  auto* end = std::to_chars(begin, last, value, format).ptr;
  const auto mantissa = std::find(begin, end, 'e');
  if (mantissa - std::find(begin, mantissa, '.') <= decimals + 1) return {begin, end};
  end = std::to_chars(begin, last, value, format, static_cast<int>(decimals)).ptr;
  std::string out(begin, end);
  // Without the zeros that were not there before it was cut.
  const auto exponent = (std::min)(out.find('e'), out.size());
  auto kept = out.find_last_not_of('0', exponent - 1) + 1;
  if (out[kept - 1] == '.') --kept;
  return out.erase(kept, exponent - kept);
}

/// A scalar in this machine's byte order.
inline std::string scalar_text(char kind, std::size_t size, const std::byte* at) {
  switch (kind) {
    case 'b': return value_at<std::uint8_t>(at) != 0 ? "True" : "False";
    case 'i':
    case 'M':
    case 'm':
      if (size == 1) return std::to_string(value_at<std::int8_t>(at));
      if (size == 2) return std::to_string(value_at<std::int16_t>(at));
      if (size == 4) return std::to_string(value_at<std::int32_t>(at));
      if (size == 8) return std::to_string(value_at<std::int64_t>(at));
      break;
    case 'u':
      if (size == 1) return std::to_string(value_at<std::uint8_t>(at));
      if (size == 2) return std::to_string(value_at<std::uint16_t>(at));
      if (size == 4) return std::to_string(value_at<std::uint32_t>(at));
      if (size == 8) return std::to_string(value_at<std::uint64_t>(at));
      break;
    case 'f':
      if (size == 2) return float_text(half_at(at));
      if (size == 4) return float_text(value_at<float>(at));
      if (size == 8) return float_text(value_at<double>(at));
      break;
    case 'c': {
      auto out = scalar_text('f', size / 2, at);
      const auto imaginary = scalar_text('f', size / 2, at + size / 2);
      if (imaginary.front() != '-') out += '+';
      return (out += imaginary) += 'j';
    }
    default: break;
  }
  constexpr auto* hex = "0123456789abcdef";
  std::string out = "0x";
  for (std::size_t i = 0; i < (std::min)(size, std::size_t{16}); ++i) {
    const auto byte = std::to_integer<unsigned>(at[i]);
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
  return size > 16 ? out + "..." : out;
}

std::string field_text(const Dtype::Field& field, std::size_t axis, const std::byte*& at);

TESSERA_FUNC std::string element_text(const Dtype& dtype, const std::byte* element) {
  if (dtype.kind == 'V' && !dtype.fields.empty()) {
    std::string items;
    for (const auto& field : dtype.fields) {
      if (items.size() > 10000) {
        append_item(items, "...");
        break;
      }
      const auto* at = element + field.offset;
      append_item(items, field_text(field, 0, at));
    }
    std::string out(1, '(');
    return (out += items) += dtype.fields.size() == 1 ? ",)" : ")";
  }
  if (!dtype.swapped) return scalar_text(dtype.kind, dtype.size, element);
  std::vector<std::byte> native(element, element + dtype.size);
  swap_bytes(dtype, native.data());
  return scalar_text(dtype.kind, dtype.size, native.data());
}

TESSERA_FUNC double element_number(const Dtype& dtype, const std::byte* element) {
  std::array<std::byte, 8> native{};
  if (dtype.size > native.size()) return std::numeric_limits<double>::quiet_NaN();
  std::memcpy(native.data(), element, dtype.size);
  swap_bytes(dtype, native.data());
  const auto* const at = native.data();
  if (dtype.kind == 'b') return value_at<std::uint8_t>(at) != 0 ? 1 : 0;
  if (dtype.kind == 'f' && dtype.size == 2) return static_cast<double>(half_at(at));
  auto out = std::numeric_limits<double>::quiet_NaN();
  static_cast<void>(visit_dtype(value_type(dtype), [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) out = static_cast<double>(value_at<T>(at));
  }));
  return out;
}

/// A field from its axis `axis` on; `at` moves behind it. Of long axes, the first and the last
/// three elements. A struct may have any number of fields: what is too long for a person ends
/// early.
TESSERA_FUNC std::string field_text(const Dtype::Field& field, std::size_t axis,
                                    const std::byte*& at) {
  if (axis == field.shape.size()) {
    auto out = element_text(field.type, at);
    at += field.type.size;
    return out;
  }
  constexpr std::size_t edge = 3, longest = 10000;
  std::size_t each = field.type.size;  // bytes of one element of this axis
  for (auto d = axis + 1; d < field.shape.size(); ++d) each *= field.shape[d];
  const auto extent = field.shape[axis];
  std::string items;
  for (std::size_t i = 0; i < extent && each > 0; ++i) {
    if (extent > 2 * edge + 20 && i == edge) {
      append_item(items, "...");
      at += (extent - 2 * edge) * each;
      i = extent - edge;
    }
    if (items.size() > longest) {
      append_item(items, "...");
      at += (extent - i) * each;
      break;
    }
    append_item(items, field_text(field, axis + 1, at));
  }
  std::string out(1, '[');
  return (out += items) += ']';
}

}  // namespace tessera::detail
