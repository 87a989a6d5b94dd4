#pragma once
#include "lattice.hpp"  // defect
#include <tessera/grid/box.hpp>
