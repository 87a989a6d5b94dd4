// Floor 1, format: the definitions of dtype.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>

namespace tessera {

namespace detail {

inline std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

inline std::string scalar_descr(const Dtype& dtype) {
  constexpr bool little = std::endian::native == std::endian::little;
  const bool has_order = dtype.size > 1 && dtype.kind != 'V';
  const char order = !has_order ? '|' : (little != dtype.swapped ? '<' : '>');
  const auto unit = dtype.unit.empty() ? std::string() : "[" + dtype.unit + "]";
  return std::string("'") + order + dtype.kind + std::to_string(dtype.size) + unit + "'";
}

TESSERA_FUNC std::string_view invalid_reason(const Dtype& dtype, int depth) {
  if (depth > max_struct_depth) return "structs nested too deeply";
  if (dtype.size == 0) return "a struct without bytes";
  if (dtype.size > max_element_size) return "a struct of more than 2 GiB";
  std::vector<std::string_view> names;
  std::size_t at = 0;
  for (const auto& field : dtype.fields) {
    if (field.name.empty()) return "a field without a name";
    for (const char c : field.name)
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
        return "a control character in a field's name";
    if (field.offset < at) return "fields that overlap or are not in order of offset";
    const auto bytes = bounded_bytes(field);
    if (!bytes || field.offset > dtype.size || *bytes > dtype.size - field.offset)
      return "a field that does not lie inside its struct";
    at = field.offset + *bytes;
    names.push_back(field.name);
    if (const auto inner = invalid_reason(field.type, depth + 1); !inner.empty()) return inner;
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    return "two fields of one name";
  return {};
}

TESSERA_FUNC void swap_bytes(const Dtype& dtype, std::byte* element) {
  if (dtype.kind == 'V') {
    for (const auto& field : dtype.fields) {
      for (std::size_t at = 0; at < field.bytes(); at += field.type.size)
        swap_bytes(field.type, element + field.offset + at);
    }
    return;
  }
  if (!dtype.swapped) return;
  const std::size_t part = dtype.kind == 'c' ? dtype.size / 2 : dtype.size;
  for (std::size_t at = 0; at < dtype.size; at += part) {
    for (std::size_t i = 0, j = part - 1; i < j; ++i, --j)
      std::swap(element[at + i], element[at + j]);
  }
}

TESSERA_FUNC bool any_swapped(const Dtype& dtype) {
  if (dtype.swapped) return true;
  for (const auto& field : dtype.fields)
    if (any_swapped(field.type)) return true;
  return false;
}

TESSERA_FUNC Dtype in_native_order(Dtype dtype) {
  dtype.swapped = false;
  for (auto& field : dtype.fields) field.type = in_native_order(std::move(field.type));
  return dtype;
}

TESSERA_FUNC Dtype value_type(Dtype dtype) {
  dtype.swapped = false;
  if (dtype.kind == 'M' || dtype.kind == 'm') dtype.kind = 'i';
  dtype.unit.clear();
  for (auto& field : dtype.fields) field.type = value_type(std::move(field.type));
  return dtype;
}

}  // namespace detail

TESSERA_FUNC std::string Dtype::name() const {
  const std::string_view word = kind == 'b'   ? "bool"
                                : kind == 'i' ? "int"
                                : kind == 'u' ? "uint"
                                : kind == 'f' ? "float"
                                : kind == 'c' ? "complex"
                                : kind == 'M' ? "datetime"
                                : kind == 'm' ? "timedelta"
                                              : "";
  if (word.empty()) return to_string();
  std::string out(word);
  if (kind != 'b') out += std::to_string(8 * size);
  return unit.empty() ? out : ((out += '[') += unit) += ']';
}

TESSERA_FUNC std::optional<Dtype> Dtype::named(std::string_view name) {
  for (const char kind : {'b', 'i', 'u', 'f', 'c'})
    for (std::size_t size = 1; size <= 16; size *= 2) {
      const std::size_t least = kind == 'f' ? 2 : kind == 'c' ? 8 : 1;
      const std::size_t most = kind == 'b' ? 1 : kind == 'c' ? 16 : 8;
      if (Dtype out{kind, size, false, {}}; size >= least && size <= most && out.name() == name)
        return out;
    }
  return std::nullopt;
}

TESSERA_FUNC std::string Dtype::to_string() const {
  if (kind != 'V' || fields.empty()) return detail::scalar_descr(*this);
  std::string out = "[";
  std::size_t at = 0;
  const auto add = [&out](const std::string& entry) {
    if (out.size() > 1) out += ", ";
    out += entry;
  };
  const auto pad_to = [&](std::size_t offset) {  // NumPy's own way to write a gap
    if (offset > at) add("('', '|V" + std::to_string(offset - at) + "')");
  };
  for (const auto& field : fields) {
    pad_to(field.offset);
    const auto inner = field.type.to_string();
    const auto extents = field.shape.empty() ? std::string() : ", " + detail::tuple_of(field.shape);
    add("(" + detail::quoted(field.name) + ", " + inner + extents + ")");
    at = field.offset + field.bytes();
  }
  pad_to(size);
  return out + "]";
}

}  // namespace tessera
