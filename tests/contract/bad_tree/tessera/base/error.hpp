#pragma once
#include <unistd.h>  // defect
#include <string>
#include "config.hpp"
#include <sys/mman.h>  // defect
#include <tessera/pool/tiled_pool.hpp>  // defect
#include <tessera_mpi/world.hpp>  // defect
// #include <tessera/memory/segment.hpp>
/* #include <tessera/memory/segment.hpp>
#include <tessera/memory/segment.hpp> */
