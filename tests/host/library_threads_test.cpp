#include <tessera/host/library_threads.hpp>

#include "support/catch.hpp"

#if defined(TESSERA_POSIX)

namespace {
int told = -1;
}

// In the place of a library that is loaded.
extern "C" void bli_thread_set_num_threads(std::int64_t threads) {
  told = static_cast<int>(threads);
}

TEST_CASE("a library that is loaded is told its number of threads, and the others are not called") {
  tessera::host::limit_library_threads(3);
  CHECK(told == 3);
}

#endif
