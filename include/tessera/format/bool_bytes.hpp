// Floor 1, format: bool elements whose byte is neither 0 nor 1.
//
// NumPy takes every byte but 0 for True, and real files have such bytes. In C++ they are not values
// of bool: sums and products of them are wrong. So an array that has such a byte is never handed
// out; where its elements are copied anyway, the byte becomes 1.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <tessera/format/dtype.hpp>

namespace tessera::detail {

/// Where the bools of one element are, in bytes from its beginning.
inline std::vector<std::size_t> bool_offsets(const Dtype& dtype) {
  if (dtype.kind == 'b') return {0};
  std::vector<std::size_t> out;
  for (const auto& field : dtype.fields) {
    const auto inner = bool_offsets(field.type);
    if (inner.empty()) continue;
    for (std::size_t at = 0; at < field.bytes(); at += field.type.size)
      for (const auto offset : inner) out.push_back(field.offset + at + offset);
  }
  return out;
}

/// The index of the first byte that is neither 0 nor 1, if there is one.
inline std::optional<std::size_t> find_no_bool(std::span<const std::byte> bytes) {
  std::size_t at = 0;
  constexpr std::uint64_t others = 0xfefefefefefefefeu;
  using Words = std::array<std::uint64_t, 8>;
  for (; bytes.size() - at >= sizeof(Words); at += sizeof(Words)) {
    Words words;
    std::memcpy(words.data(), bytes.data() + at, sizeof words);
    std::uint64_t any = 0;
    for (const auto word : words) any |= word;
    if ((any & others) != 0) break;
  }
  for (; at < bytes.size(); ++at)
    if (bytes[at] > std::byte{1}) return at;
  return std::nullopt;
}

/// The number of the first element that has a bool which is neither 0 nor 1, if there is one. Reads
/// every element if the type has bools.
inline std::optional<std::size_t> find_no_bool(std::span<const std::byte> elements,
                                               const Dtype& dtype) {
  if (dtype.kind == 'b') return find_no_bool(elements);
  const auto offsets = bool_offsets(dtype);
  if (offsets.empty()) return std::nullopt;
  for (std::size_t at = 0; at < elements.size(); at += dtype.size)
    for (const auto offset : offsets)
      if (elements[at + offset] > std::byte{1}) return at / dtype.size;
  return std::nullopt;
}

/// Makes every bool 0 or 1: a byte other than 0 becomes 1.
inline void make_bools(std::span<std::byte> elements, const Dtype& dtype) {
  const auto offsets = bool_offsets(dtype);
  if (offsets.empty()) return;
  for (std::size_t at = 0; at < elements.size(); at += dtype.size)
    for (const auto offset : offsets) {
      auto& byte = elements[at + offset];
      byte = byte == std::byte{0} ? std::byte{0} : std::byte{1};
    }
}

}  // namespace tessera::detail
