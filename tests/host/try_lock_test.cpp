#include <tessera/host/try_lock.hpp>

#if defined(TESSERA_POSIX)  // locks of files

#include <fcntl.h>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

using host::Lock;

TEST_CASE("an exclusive lock is one's own, shared ones are several's") {
  const Folder folder;
  write_file(folder.file("a"), "x");
  const auto open = [&] {
    return host::Descriptor(::open(folder.file("a").c_str(), O_RDONLY | O_CLOEXEC));
  };
  auto one = open();
  const auto two = open();
  REQUIRE(host::try_lock(one, Lock::shared));
  CHECK(host::try_lock(two, Lock::shared));
  CHECK_FALSE(host::try_lock(two, Lock::exclusive));
  one.reset();
  CHECK(host::try_lock(two, Lock::exclusive));
  CHECK_FALSE(host::try_lock(open(), Lock::shared));
}

TEST_CASE("locks of names of this machine reach all who see them, and none those of no file") {
  CHECK(failure_in_private_shm(MiB, [] {
          write_file(shm_path("x"), "x");
          const host::Descriptor file(::open(shm_path("x").c_str(), O_RDONLY | O_CLOEXEC));
          must(host::locks_reach_all(file.get()), "a tmpfs is of one machine");
          ::unlink(shm_path("x").c_str());
        }) == "");
  CHECK_FALSE(host::locks_reach_all(-1));
}

#endif
