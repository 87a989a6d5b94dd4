// What every header that the reader accepts must be, told without the reader's own helpers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/format/npy_codec.hpp>

namespace tessera_test {

using tessera::Dtype;
using tessera::NpyHeader;

/// Every scalar type, in both byte orders.
inline std::vector<Dtype> scalars() {
  std::vector<Dtype> out;
  const std::vector<std::pair<char, std::size_t>> types{
      {'b', 1}, {'i', 1}, {'u', 1}, {'i', 2}, {'u', 2}, {'i', 4},  {'u', 4}, {'i', 8},
      {'u', 8}, {'f', 2}, {'f', 4}, {'f', 8}, {'c', 8}, {'c', 16}, {'M', 8}, {'m', 8}};
  for (const auto& [kind, size] : types) {
    out.push_back({kind, size, false, {}});
    if (size > 1) out.push_back({kind, size, true, {}});
  }
  return out;
}

__extension__ using Wide = unsigned __int128;

/// What every accepted header must be, told without the reader's own helpers. Returns a complaint.
inline std::string inconsistency(const Dtype& dtype) {
  if (dtype.size == 0) return "an element without bytes";
  if (dtype.kind != 'V') {
    const auto all = scalars();
    auto generic = dtype;
    if (dtype.kind == 'M' || dtype.kind == 'm') generic.unit.clear();
    return std::find(all.begin(), all.end(), generic) != all.end() ? "" : "a scalar that is none";
  }
  Wide at = 0;
  std::set<std::string> names;
  for (const auto& field : dtype.fields) {
    if (field.offset < at) return "overlapping fields";
    Wide bytes = field.type.size;
    for (const auto extent : field.shape) bytes *= extent;
    at = field.offset + bytes;
    if (at > dtype.size) return "a field outside its struct";
    if (field.bytes() != bytes) return "a field's bytes";
    if (field.name.empty() || !names.insert(field.name).second) return "a field's name";
    if (auto inner = inconsistency(field.type); !inner.empty()) return inner;
  }
  return {};
}

inline std::string inconsistency(const NpyHeader& header, std::string_view bytes) {
  if (header.data_offset > bytes.size()) return "data begins past the bytes";
  if (header.shape.size() > tessera::npy::max_rank) return "too many axes";
  Wide product = header.dtype.size;
  for (const auto extent : header.shape) {
    product *= extent == 0 ? 1 : extent;
    if (product >> 63 != 0) return "the product of the extents overflows";
  }
  if (std::find(header.shape.begin(), header.shape.end(), 0u) != header.shape.end()) product = 0;
  if (header.data_bytes() != product) return "data_bytes is not the product";
  if ((product + header.data_offset) >> 63 != 0) return "the end of the data overflows";
  if (auto flaw = inconsistency(header.dtype); !flaw.empty()) return flaw;
  const auto again = tessera::npy::decode(
      tessera::npy::encode(header.dtype, header.shape, header.fortran_order), "");
  if (again.dtype != header.dtype || again.shape != header.shape ||
      again.fortran_order != header.fortran_order)
    return "another header after encode and decode";
  return {};
}

}  // namespace tessera_test
