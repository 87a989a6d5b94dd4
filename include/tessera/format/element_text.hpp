// Floor 1, format: one element as text, and as a number, whatever its type.
#pragma once

#include <cstddef>
#include <string>

#include <tessera/format/dtype.hpp>

namespace tessera::detail {

/// The element with these bytes, as a person reads it: True, -3, 0.25, nan, 1-2j, (1, [2, 3]).
/// Floats have up to 8 decimals, or as many as tell them from their neighbours if these are fewer.
/// Times are the integers that they are. Bytes without a type are hexadecimal: 0x00ff. Any bytes
/// are allowed. Of a long array in a struct, the first and the last three elements.
std::string element_text(const Dtype& dtype, const std::byte* element);

/// A bool, integer, float or time as a double; NaN for any other type.
double element_number(const Dtype& dtype, const std::byte* element);

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/format/element_text_impl.hpp>
#endif
