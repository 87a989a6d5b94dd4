#include <tessera/host/headroom.hpp>

#if defined(TESSERA_POSIX)  // holes

#include <fcntl.h>
#include <unistd.h>

#include <tessera/host/new_file.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("holes of a file are reserved and its bytes stay") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto path = shm_path("sparse");
          write_file(path, "begin");
          must(::truncate(path.c_str(), 2 * MiB) == 0, "it has a hole");
          {
            const host::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
            host::reserve_holes(file, host::file_info(file, "sparse"), 2 * MiB, "sparse");
            const auto after = host::file_info(file, "sparse");
            must(after.held >= 2 * MiB && after.bytes == 2 * MiB, "all of it is held");
            must(host::read_at(file, 0, 5, "sparse") == "begin", "its bytes stay");
          }
          ::unlink(path.c_str());
        }) == "");
}

TEST_CASE("holes that do not fit are an Error with the bytes wanted") {
  CHECK(
      failure_in_private_shm(MiB, [] {
        const auto path = shm_path("sparse");
        write_file(path, "x");
        must(::truncate(path.c_str(), 2 * MiB) == 0, "it has a hole");
        {
          const host::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
          const auto info = host::file_info(file, "sparse");
          const auto error = error_of([&] { host::reserve_holes(file, info, 2 * MiB, "sparse"); });
          must(error.errc() == tessera::Errc::no_space && has(error.what(), "wants"), error.what());
        }
        ::unlink(path.c_str());
      }) == "");
}

#endif
