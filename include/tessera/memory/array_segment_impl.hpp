// Floor 3, memory: the definitions of array_segment.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/format/bool_bytes.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera::detail {

TESSERA_FUNC std::string words(const Dtype& dtype) {
  const auto name = dtype.name(), spelled = dtype.to_string();
  return name == spelled ? name : name + " (" + spelled + ")";
}

TESSERA_FUNC const std::shared_ptr<Segment>& checked(const std::shared_ptr<Segment>& segment) {
  if (!segment)
    throw Error(Errc::invalid_argument, "SharedArray",
                "it holds no array: it was moved from or never made", "create or attach it");
  return segment;
}

TESSERA_FUNC void check_type(const NpyHeader& header, const Dtype& wanted, std::size_t rank,
                             const std::string& subject) {
  if (in_native_order(header.dtype) != wanted)
    throw Error(Errc::type_mismatch, subject,
                "its elements are " + words(header.dtype) + ", not " + words(wanted),
                "use the element type of the array");
  if (header.shape.size() != rank)
    throw Error(Errc::rank_mismatch, subject,
                "it has " + std::to_string(header.shape.size()) + " axes, shape " +
                    tuple_of(header.shape) + ", not " + std::to_string(rank),
                "use the rank of the array");
}

/// Throws Error(type_mismatch) if a bool's byte is neither 0 nor 1: C++ has no such value. Reads
/// all elements of an array that has bools.
inline void check_bools(const Segment& segment) {
  const auto& header = segment.header();
  auto number = find_no_bool({segment.data(), header.data_bytes()}, header.dtype);
  if (!number) return;
  auto index = header.shape;
  for (std::size_t d = index.size(); d-- > 0; *number /= header.shape[d])
    index[d] = *number % header.shape[d];
  throw Error(Errc::type_mismatch, segment.subject(),
              "its element " + tuple_of(index) + " has a bool whose byte is neither 0 nor 1",
              "load() makes it 1, as NumPy means it; or change the file");
}

TESSERA_FUNC void check_in_place(const Segment& segment, const Dtype& wanted, std::size_t rank,
                                 std::size_t alignment) {
  const auto& header = segment.header();
  check_type(header, wanted, rank, segment.subject());
  if (any_swapped(header.dtype) || (header.fortran_order && rank > 1) ||
      header.data_offset % alignment != 0)
    throw Error(Errc::type_mismatch, segment.subject(),
                any_swapped(header.dtype)
                    ? "its elements are " + words(header.dtype) + ", in the other byte order"
                : header.fortran_order ? "it is in Fortran order"
                                       : "its data is not aligned",
                "load() converts it");
  check_bools(segment);
}

TESSERA_FUNC void check_shape(const Segment& segment, std::span<const std::size_t> shape) {
  const auto& found = segment.header().shape;
  if (!std::equal(found.begin(), found.end(), shape.begin(), shape.end()))
    throw Error(Errc::shape_mismatch, segment.subject(),
                "its shape is " + tuple_of(found) + ", not " + tuple_of(shape),
                "use the shape of the array");
}

}  // namespace tessera::detail
