// Floor 1, format: the parser of the dictionary in an .npy header. No OS calls.
//
// It reads the few Python literals that occur there, from bytes that are not checked. It refuses
// what it does not understand, with a reason, and guesses nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/format/scalar_descr.hpp>

namespace tessera::npy::detail {

struct Malformed {
  std::string why;
  std::string_view advice = "name a file or segment that numpy.save or tessera wrote";
};

inline bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

inline std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

/// A reader of the Python literals that occur in a header: dict, str, bool, int, tuple, list.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  NpyHeader header() {
    NpyHeader out;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const auto key = string();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        out.dtype = dtype(0);
      } else if (key == "fortran_order" && !order) {
        order = true;
        out.fortran_order = boolean();
      } else if (key == "shape" && !shape) {
        shape = true;
        out.shape = tuple();
      } else {
        throw Malformed{"the header has an unknown or repeated key"};
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!(descr && order && shape))
      throw Malformed{"the header lacks descr, fortran_order or shape"};
    skip();
    if (!rest_.empty()) throw Malformed{"the header has text after its dictionary"};
    return out;
  }

 private:
  void skip() {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  bool accept(char c) {
    skip();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) throw Malformed{"the header is not the dictionary that .npy asks for"};
  }
  bool word(std::string_view w) {
    skip();
    if (rest_.substr(0, w.size()) != w) return false;
    rest_.remove_prefix(w.size());
    return true;
  }

  std::string string() {
    skip();
    if (word("u'")) return string_until('\'');  // Python 2 sometimes wrote u'name'
    if (accept('\'')) return string_until('\'');
    if (accept('"')) return string_until('"');
    throw Malformed{"the header has something else where a string belongs"};
  }
  std::string string_until(char quote) {
    std::string out;
    while (!rest_.empty() && rest_[0] != quote) {
      if (rest_[0] == '\\') {
        rest_.remove_prefix(1);
        if (rest_.empty() || (rest_[0] != '\\' && rest_[0] != '\'' && rest_[0] != '"'))
          throw Malformed{"the header has an escape that is not understood"};
      }
      out += rest_[0];
      rest_.remove_prefix(1);
    }
    expect(quote);
    return out;
  }

  bool boolean() {
    if (word("True")) return true;
    if (word("False")) return false;
    throw Malformed{"fortran_order is neither True nor False"};
  }

  std::size_t integer() {
    skip();
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || (rest_[0] == '0' && end != rest_.data() + 1))
      throw Malformed{"an extent is not a non-negative number that fits"};
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (!rest_.empty() && rest_[0] == 'L') rest_.remove_prefix(1);  // Python 2 wrote 5L
    return value;
  }

  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> out;
    expect('(');
    while (!accept(')')) {
      if (out.size() == max_rank) throw Malformed{"more than 32 axes"};
      out.push_back(integer());
      if (!accept(',')) {
        expect(')');
        if (out.size() == 1) throw Malformed{"a shape of one axis lacks its comma"};
        break;
      }
    }
    return out;
  }

  Dtype scalar(const std::string& descr) {
    if (auto dtype = scalar_of(descr)) return *std::move(dtype);
    const auto [why, advice] = why_no_scalar(descr);
    throw Malformed{"its element type '" + descr.substr(0, 32) + "' " + std::string(why), advice};
  }

  Dtype dtype(int depth) {
    if (depth > max_struct_depth) throw Malformed{"it has structs nested too deeply"};
    if (!accept('[')) return scalar(string());
    Dtype out{'V', 0, false, {}};
    while (!accept(']')) {
      expect('(');
      Dtype::Field field;
      field.name = name_of_field();
      expect(',');
      // A field's type may be an array. Its extents come after those of the field.
      const bool is_array = accept('(');
      field.type = dtype(depth + 1);
      std::vector<std::size_t> inner;
      if (is_array) {
        expect(',');
        inner = extents();
        expect(')');
      }
      field.offset = out.size;
      if (accept(',') && !at(')')) {
        field.shape = extents();
        accept(',');
      }
      if (field.shape.size() + inner.size() > max_rank)
        throw Malformed{"a field of more than 32 axes"};
      field.shape.insert(field.shape.end(), inner.begin(), inner.end());
      expect(')');
      const auto bytes = tessera::detail::bounded_bytes(field);
      if (!bytes || *bytes > max_element_size - out.size)
        throw Malformed{"it has a struct of more than 2 GiB"};
      out.size += *bytes;
      if (!field.name.empty()) {
        out.fields.push_back(std::move(field));  // a field with an empty name is padding
      } else if (field.type.kind != 'V' || !field.type.fields.empty()) {
        throw Malformed{"a struct's field has no name"};
      }
      if (!accept(',')) {
        expect(']');
        break;
      }
    }
    return out;
  }
  // A field may have two names: (title, name). The title is skipped.
  std::string name_of_field() {
    if (!accept('(')) return string();
    string();
    expect(',');
    auto name = string();
    expect(')');
    return name;
  }
  // A tuple; one axis may be written without brackets.
  std::vector<std::size_t> extents() {
    if (at('(')) return tuple();
    return {integer()};
  }
  bool at(char c) {
    skip();
    return !rest_.empty() && rest_[0] == c;
  }

  std::string_view rest_;
};

}  // namespace tessera::npy::detail
