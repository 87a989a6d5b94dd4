// Floor 3, memory: the definitions of section.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/grid/lattice.hpp>
#include <tessera/memory/section.hpp>

namespace tessera::detail {

TESSERA_FUNC std::vector<Progression> lattice_of(std::span<const std::size_t> array,
                                                 std::int64_t offset,
                                                 std::span<const std::size_t> extents,
                                                 std::span<const std::ptrdiff_t> strides,
                                                 const std::string& subject) {
  std::vector<Progression> out(array.size());
  for (const auto extent : extents)
    if (extent == 0) return out;  // no element, so no overlap
  // xtensor does not check indices: a worker would write outside the array.
  const auto outside = [&] {
    return Error(Errc::invalid_shape, subject,
                 "a section of it reaches outside its shape " + tuple_of(array),
                 "indices begin at 0 and stay below the extent");
  };
  std::vector<std::int64_t> dense(array.size());
  std::int64_t length = 1;
  for (std::size_t d = array.size(); d-- > 0;) {
    dense[d] = length;
    length *= static_cast<std::int64_t>(array[d]);
  }
  if (offset < 0 || offset >= length) throw outside();
  for (std::size_t d = 0; d < array.size(); ++d)
    out[d] = {offset / dense[d] % static_cast<std::int64_t>(array[d]), 1, 1};
  for (std::size_t k = 0; k < extents.size(); ++k) {
    if (extents[k] == 1) continue;
    const std::int64_t stride = strides[k] < 0 ? -strides[k] : strides[k];
    std::size_t d = 0;  // the axis of this stride: the outermost possible one
    while (array[d] == 1 || dense[d] > stride) ++d;
    out[d].step = stride / dense[d];
    out[d].count = static_cast<std::int64_t>(extents[k]);
    if (strides[k] < 0) out[d].start -= (out[d].count - 1) * out[d].step;
  }
  for (std::size_t d = 0; d < array.size(); ++d)
    if (out[d].start < 0 || out[d].last() >= static_cast<std::int64_t>(array[d])) throw outside();
  return out;
}

}  // namespace tessera::detail
