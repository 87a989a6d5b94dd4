// Floor 4, pool/caller: the definitions of job_order.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/grid/lattice.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/caller/cancel_token.hpp>
#include <tessera/pool/caller/job_order.hpp>

namespace tessera::detail {

TESSERA_FUNC std::vector<Progression> Argument::lattice() const {
  return lattice_of(segment->header().shape, offset() / static_cast<std::ptrdiff_t>(item), shape(),
                    strides(), segment->subject());
}

TESSERA_FUNC bool Argument::equals(const Argument& other) const {
  return offset() == other.offset() && std::ranges::equal(shape(), other.shape()) &&
         std::ranges::equal(strides(), other.strides());
}

TESSERA_FUNC std::string Argument::describe(std::size_t position) const {
  return "argument " + std::to_string(position) + " (" + segment->subject() + ", shape " +
         tuple_of(shape()) + ")";
}

TESSERA_FUNC bool JobOrder::cancelled() const noexcept { return cancel && cancel->requested(); }

TESSERA_FUNC void JobOrder::choose(std::vector<std::size_t> chosen) {
  const auto each = chosen.size();
  chosen.reserve(each * slabs_per_tile);
  for (std::size_t k = each; k < each * slabs_per_tile; ++k)
    chosen.push_back(chosen[k - each] + user_tiles());
  only = std::move(chosen);
}

TESSERA_FUNC std::vector<std::size_t> JobOrder::as_user_tiles(std::vector<std::size_t> some) const {
  for (auto& number : some) number %= user_tiles();
  std::sort(some.begin(), some.end());
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

}  // namespace tessera::detail
