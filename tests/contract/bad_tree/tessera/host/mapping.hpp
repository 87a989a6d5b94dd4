#pragma once
#include <sys/mman.h>
#include <boost/interprocess/mapped_region.hpp>
#include <tessera/base/error.hpp>
#include <tessera/grid/box.hpp>  // defect
#ifdef _WIN32
#endif
