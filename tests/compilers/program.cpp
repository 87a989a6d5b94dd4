// What run.py compiles for each row of its table: tests of arrays and pools in one source.
#include "support/main.cpp"

#include "memory/shared_array_test.cpp"
#include "pool/tiled_pool_test.cpp"

#if defined(TESSERA_NEEDS_MDSPAN)
#include "loops/mdspan_test.cpp"
#endif
