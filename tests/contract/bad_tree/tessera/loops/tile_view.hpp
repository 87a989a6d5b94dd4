#pragma once
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/grid/box.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/loops/xtensor.hpp>
#include <mdspan/mdspan.hpp>  // defect
#include <xtensor/xview.hpp>  // defect
#include <tessera/memory/segment.hpp>  // defect
