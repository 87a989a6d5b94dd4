// Floor 1, format: the descr of one scalar, in every spelling that NumPy reads. No OS calls.
//
// numpy.dtype reads '<f8', 'f8', 'd', '=d' and 'float64' as one type, and so does this. It refuses
// a spelling without a fixed meaning ('int' is 4 or 8 bytes) and a type that has no counterpart
// here.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tessera/format/dtype.hpp>

namespace tessera::npy::detail {

struct Spelling {
  std::string_view text;
  char kind;
  std::size_t size;
};

/// Letters for the C types of this machine. A byte order may precede them.
inline constexpr std::array letters{Spelling{"?", 'b', 1},
                                    Spelling{"b", 'i', 1},
                                    Spelling{"B", 'u', 1},
                                    Spelling{"h", 'i', 2},
                                    Spelling{"H", 'u', 2},
                                    Spelling{"i", 'i', sizeof(int)},
                                    Spelling{"I", 'u', sizeof(int)},
                                    Spelling{"l", 'i', sizeof(long)},
                                    Spelling{"L", 'u', sizeof(long)},
                                    Spelling{"q", 'i', 8},
                                    Spelling{"Q", 'u', 8},
                                    Spelling{"p", 'i', sizeof(void*)},
                                    Spelling{"P", 'u', sizeof(void*)},
                                    Spelling{"e", 'f', 2},
                                    Spelling{"f", 'f', 4},
                                    Spelling{"d", 'f', 8},
                                    Spelling{"F", 'c', 8},
                                    Spelling{"D", 'c', 16},
                                    Spelling{"M", 'M', 8},
                                    Spelling{"m", 'm', 8}};

/// Names of types, always in this machine's byte order.
inline constexpr std::array names{
    Spelling{"bool", 'b', 1},           Spelling{"bool_", 'b', 1},
    Spelling{"int8", 'i', 1},           Spelling{"int16", 'i', 2},
    Spelling{"int32", 'i', 4},          Spelling{"int64", 'i', 8},
    Spelling{"uint8", 'u', 1},          Spelling{"uint16", 'u', 2},
    Spelling{"uint32", 'u', 4},         Spelling{"uint64", 'u', 8},
    Spelling{"float16", 'f', 2},        Spelling{"float32", 'f', 4},
    Spelling{"float64", 'f', 8},        Spelling{"complex64", 'c', 8},
    Spelling{"complex128", 'c', 16},    Spelling{"half", 'f', 2},
    Spelling{"single", 'f', 4},         Spelling{"double", 'f', 8},
    Spelling{"float", 'f', 8},          Spelling{"complex", 'c', 16},
    Spelling{"byte", 'i', 1},           Spelling{"ubyte", 'u', 1},
    Spelling{"short", 'i', 2},          Spelling{"ushort", 'u', 2},
    Spelling{"intc", 'i', sizeof(int)}, Spelling{"uintc", 'u', sizeof(int)},
    Spelling{"longlong", 'i', 8},       Spelling{"ulonglong", 'u', 8}};

/// Kinds that are followed by their size in bytes.
inline constexpr std::array sized{
    Spelling{"b", 'b', 1}, Spelling{"i", 'i', 1},  Spelling{"i", 'i', 2}, Spelling{"i", 'i', 4},
    Spelling{"i", 'i', 8}, Spelling{"u", 'u', 1},  Spelling{"u", 'u', 2}, Spelling{"u", 'u', 4},
    Spelling{"u", 'u', 8}, Spelling{"f", 'f', 2},  Spelling{"f", 'f', 4}, Spelling{"f", 'f', 8},
    Spelling{"c", 'c', 8}, Spelling{"c", 'c', 16}, Spelling{"M", 'M', 8}, Spelling{"m", 'm', 8}};

/// The unit of a datetime64 or timedelta64: "25s" for "[25s]", empty for the generic unit.
inline std::optional<std::string> unit_of(std::string_view text) {
  if (text.empty()) return std::string();
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::int32_t count = 1;  // of 32 bits, as in NumPy
  if (text.front() >= '0' && text.front() <= '9') {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count == 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  } else if (text == "generic") {
    return std::string();
  }
  if (text == "\xce\xbcs") text = "us";
  constexpr std::array<std::string_view, 13> units{"Y",  "M",  "W",  "D",  "h",  "m", "s",
                                                   "ms", "us", "ns", "ps", "fs", "as"};
  if (std::find(units.begin(), units.end(), text) == units.end()) return std::nullopt;
  return (count == 1 ? "" : std::to_string(count)) + std::string(text);
}

/// The type that a descr means, or nothing.
inline std::optional<Dtype> scalar_of(std::string_view descr) {
  const auto made = [](const Spelling& s) { return Dtype{s.kind, s.size, false, {}, {}}; };
  for (const auto& name : names)
    if (descr == name.text) return made(name);

  constexpr char native = std::endian::native == std::endian::little ? '<' : '>';
  bool other_order = false;
  if (!descr.empty() && std::string_view("<>=|").find(descr[0]) != std::string_view::npos) {
    other_order = (descr[0] == '<' || descr[0] == '>') && descr[0] != native;
    descr.remove_prefix(1);
  }
  const auto in_order = [other_order](std::optional<Dtype> out) {
    if (out) out->swapped = other_order && out->size > 1 && out->kind != 'V';
    return out;
  };
  for (const auto& letter : letters)
    if (descr == letter.text) return in_order(made(letter));
  for (const auto& [name, kind] : {std::pair{std::string_view("datetime64"), 'M'},
                                   std::pair{std::string_view("timedelta64"), 'm'}}) {
    if (!descr.starts_with(name)) continue;
    const auto unit = unit_of(descr.substr(name.size()));
    if (!unit) return std::nullopt;
    return in_order(Dtype{kind, 8, false, {}, *unit});
  }
  if (descr.size() < 2) return std::nullopt;
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(descr.data() + 1, descr.data() + descr.size(), size);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(descr.data() + descr.size() - end));
  if (descr[0] == 'V' && rest.empty() && size > 0 && size <= max_element_size)
    return Dtype{'V', size, false, {}, {}};
  for (const auto& one : sized) {
    if (one.kind != descr[0] || one.size != size) continue;
    auto out = made(one);
    const bool has_unit = one.kind == 'M' || one.kind == 'm';
    if (!has_unit && !rest.empty()) return std::nullopt;
    if (has_unit) {
      const auto unit = unit_of(rest);
      if (!unit) return std::nullopt;
      out.unit = *unit;
    }
    return in_order(std::move(out));
  }
  return std::nullopt;
}

/// Why a descr is not supported, and what to do about it: two parts of an error text.
inline std::pair<std::string_view, std::string_view> why_no_scalar(std::string_view descr) {
  while (!descr.empty() && std::string_view("<>=|").find(descr[0]) != std::string_view::npos)
    descr.remove_prefix(1);
  if (descr == "O" || descr == "O8" || descr == "object")
    return {"is not supported: Python objects, which only Python can read",
            "save it as bool, integers or floats: python3 -c \"import numpy; numpy.save('OUT.npy', "
            "numpy.load('FILE', allow_pickle=True).astype(float))\""};
  for (const auto* real : {"f12", "f16", "g", "float96", "float128", "longdouble"})
    if (descr == real)
      return {"is not supported: long double, whose bytes differ by machine",
              "save it as bool, integers or floats: python3 -c \"import numpy; "
              "numpy.save('OUT.npy', numpy.load('FILE').astype('f8'))\""};
  for (const auto* complex : {"c24", "c32", "G", "complex192", "complex256", "clongdouble"})
    if (descr == complex)
      return {"is not supported: complex long double, whose bytes differ by machine",
              "save it as bool, integers or floats: python3 -c \"import numpy; "
              "numpy.save('OUT.npy', numpy.load('FILE').astype('c16'))\""};
  return {
      "is not supported",
      "save it as bool, integers, float16, float32, float64, complex, datetime64, timedelta64, or "
      "a struct of these"};
}

}  // namespace tessera::npy::detail
