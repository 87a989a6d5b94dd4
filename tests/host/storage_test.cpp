#include <tessera/host/storage.hpp>

#if defined(TESSERA_POSIX)  // mounts

#include <fcntl.h>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a file of a tmpfs stands in memory, and what is no file in nothing known") {
  CHECK(failure_in_private_shm(MiB, [] {
          const auto file = host::nameless_file(4096, "x");
          const auto storage = host::storage_of(file);
          must(storage == host::Storage::memory || storage == host::Storage::unknown,
               "it stands in memory, as far as the system tells");
        }) == "");
  CHECK(host::storage_of(host::Descriptor()) == host::Storage::unknown);
}

#endif
