// A tree with one defect of each kind, which the checker of the floors must report: see
// ../CMakeLists.txt. The unmarked lines are all allowed.
#pragma once
#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/grid/box.hpp>
#include <tessera/grid/lattice.hpp>
#include <tessera/grid/slab_layout.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/shared_array.hpp>
#include <tessera/pool/attic/berth.hpp>
#include <tessera/pool/tiled_pool.hpp>
