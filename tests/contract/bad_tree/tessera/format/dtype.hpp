#pragma once
#include <tessera/base/error.hpp>
#include "../grid/box.hpp"  // defect
#include <xtensor/xtensor.hpp>  // defect
#include <tessera/format/no_such_file.hpp>  // defect
