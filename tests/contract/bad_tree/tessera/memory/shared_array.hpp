#pragma once
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/grid/box.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/loops/tile_view.hpp>
#include "segment.hpp"
#include <boost/version.hpp>  // defect
