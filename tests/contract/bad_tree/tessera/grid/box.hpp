#pragma once
  #  include   "tessera/host/mapping.hpp"  // defect
#ifdef _WIN32  // defect
#endif
#if 0
#elif defined(TESSERA_LINUX)  // defect
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif
