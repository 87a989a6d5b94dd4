// Public: npy::encode, npy::decode. Floor 1, format: the .npy header, versions 1 to 3. No OS calls.
//
// encode() writes what every known reader takes: version 1.0, NumPy's own spelling, 128 bytes in
// all. A struct with a long description takes the next multiple of 64; a field's name outside ASCII
// takes version 3.0. decode() reads what NumPy writes, from unchecked bytes. Its result is
// consistent: the extents' product and the data's bytes fit in 63 bits, every field lies inside its
// element, and encode() accepts it. Anything else is an Error. Format:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/npy_header.hpp>

namespace tessera::npy {

/// The header of an array: 128 bytes, or the next multiple of 64 that holds it. `numpy.load` and
/// decode() read it back. Throws Error: invalid_argument if a descr can't express a struct's fields
/// (unnamed, overlapping, out of order) or needs more than 64 KiB; invalid_shape for more than 32
/// axes or more than 2^63 bytes.
std::string encode(const Dtype& dtype, std::span<const std::size_t> shape,
                   bool fortran_order = false);

/// The header of a new row-major array, as encode() writes it. Throws Error(invalid_shape), naming
/// `subject`, if the array is larger than any memory; and what encode() throws.
NpyHeader make_header(const Dtype& dtype, std::span<const std::size_t> shape,
                      const std::string& subject);

/// Reads a header from the first bytes of a file or segment. Throws Error(not_an_array), naming
/// `subject`, unless they are a complete, consistent header.
NpyHeader decode(std::string_view bytes, const std::string& subject);

}  // namespace tessera::npy

#if !defined(TESSERA_COMPILED)
#include <tessera/format/npy_codec_impl.hpp>
#endif
