// Public: TileView. Floor 2, loops: its declaration. Without xtensor.
#pragma once

#include <cstddef>

#include <tessera/base/config.hpp>

namespace tessera {

inline namespace TESSERA_BOUNDS {
template <class T, std::size_t N>
class TileView;
}

}  // namespace tessera
