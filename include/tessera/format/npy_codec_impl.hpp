// Floor 1, format: the definitions of npy_codec.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/foreign_format.hpp>
#include <tessera/format/npy_codec.hpp>
#include <tessera/format/npy_parser.hpp>

namespace tessera::npy {

TESSERA_FUNC std::string encode(const Dtype& dtype, std::span<const std::size_t> shape,
                                bool fortran_order) {
  if (const auto flaw = tessera::detail::invalid_reason(dtype); !flaw.empty())
    throw Error(Errc::invalid_argument, "npy header", "the element type has " + std::string(flaw),
                "describe each field once, in order of declaration");
  if (shape.size() > max_rank || !detail::checked_bytes(shape, dtype.size))
    throw Error(Errc::invalid_shape, "npy header", "more than 32 axes, or more than 2^63 bytes");
  std::string text = "{'descr': " + dtype.to_string();
  text +=
      fortran_order ? ", 'fortran_order': True, 'shape': " : ", 'fortran_order': False, 'shape': ";
  text += tessera::detail::tuple_of(shape) + ", }";
  // Versions 1 and 2 are Latin-1. Such a name needs UTF-8, which is version 3.
  const bool ascii = detail::is_ascii(text);
  const std::size_t prefix = ascii ? 10 : 12;
  const std::size_t need = prefix + text.size() + 1;
  const std::size_t total = (std::max)(usual_size, (need + 63) / 64 * 64);
  if (total > max_size)
    throw Error(Errc::invalid_argument, "npy header",
                "the description of the element type is too long",
                "use fewer or shorter field names");
  text.append(total - need, ' ');
  text += '\n';
  const std::size_t length = total - prefix;
  std::string out(magic);
  out += {ascii ? '\x01' : '\x03', '\x00', static_cast<char>(length & 0xff),
          static_cast<char>(length >> 8)};
  if (!ascii) out += {'\x00', '\x00'};
  return out + text;
}

TESSERA_FUNC NpyHeader make_header(const Dtype& dtype, std::span<const std::size_t> shape,
                                   const std::string& subject) {
  constexpr std::uint64_t most_behind = 256;  // padding and control block
  const auto bytes = detail::checked_bytes(shape, dtype.size);
  const auto encoded = bytes ? encode(dtype, shape).size() : 0;
  if (!bytes || *bytes > detail::most_bytes - encoded - most_behind)
    throw Error(Errc::invalid_shape, subject,
                "shape " + tessera::detail::tuple_of(shape) + " of " + std::to_string(dtype.size) +
                    "-byte elements is more than any memory",
                "an extent may be negative or far too large");
  return {dtype, false, {shape.begin(), shape.end()}, encoded};
}

TESSERA_FUNC NpyHeader decode(std::string_view bytes, const std::string& subject) {
  const auto refuse = [&subject](const detail::Malformed& malformed) {
    const bool is_command = malformed.advice.find("FILE") != std::string_view::npos;
    return Error(
        Errc::not_an_array, subject, "not a readable .npy array: " + malformed.why,
        is_command ? advice_to_convert(malformed.advice, subject) : std::string(malformed.advice));
  };
  if (const auto* format = foreign_format(bytes))
    throw refuse(
        {"it does not begin like one, but is " + std::string(format->name), format->command});
  if (bytes.size() < 10 || bytes.substr(0, magic.size()) != magic)
    throw refuse({"it does not begin like one"});
  const auto u8 = [&bytes](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::size_t major = u8(6);
  if (major < 1 || major > 3 || u8(7) != 0) throw refuse({"its version is none of 1.0, 2.0, 3.0"});
  const std::size_t prefix = major == 1 ? 10 : 12;
  if (bytes.size() < prefix) throw refuse({"it ends inside the header"});
  const std::size_t length =
      major == 1 ? u8(8) | u8(9) << 8 : u8(8) | u8(9) << 8 | u8(10) << 16 | u8(11) << 24;
  if (length > max_size) throw refuse({"its header is longer than 64 KiB"});
  if (bytes.size() < prefix + length) throw refuse({"it ends inside the header"});
  const auto text = bytes.substr(prefix, length);
  try {
    auto header = major == 3 || detail::is_ascii(text)
                      ? detail::Parser(text).header()
                      : detail::Parser(detail::utf8_of_latin1(text)).header();
    header.data_offset = prefix + length;
    if (const auto flaw = tessera::detail::invalid_reason(header.dtype); !flaw.empty())
      throw detail::Malformed{"it has " + std::string(flaw)};
    const auto data = detail::checked_bytes(header.shape, header.dtype.size);
    if (!data || *data > detail::most_bytes - header.data_offset)
      throw detail::Malformed{"its extents overflow"};
    return header;
  } catch (const detail::Malformed& malformed) {
    throw refuse(malformed);
  }
}

}  // namespace tessera::npy
