#pragma once
#include <xtensor/xtensor.hpp>  // defect
#include <mpi.h>  // defect
#include "../pool/tiled_pool.hpp"  // defect
#include <tessera.hpp>  // defect
