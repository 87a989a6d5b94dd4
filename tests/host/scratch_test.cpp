#include <tessera/host/scratch.hpp>

#if defined(TESSERA_POSIX)  // files without a name of their own

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include <tessera/host/scratch_name.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a sweep removes what a dead creator left, and nothing of a living one or of others") {
  const Folder folder;
  std::string living, dead;
  const auto held = host::detail::open_scratch(folder.file(""), 0600, living);
  REQUIRE(held);
  { REQUIRE(host::detail::open_scratch(folder.file(""), 0600, dead)); }
  write_file(folder.file("other"), "x");
  write_file(folder.file(".tessera-new-short"), "x");
  CHECK((exists(living) && exists(dead)));
  host::sweep(folder.file(""));
  CHECK(exists(living));
  CHECK_FALSE(exists(dead));
  CHECK(folder.entries() == 3);
}

TEST_CASE("a sweep of a folder that is not there does nothing") {
  const Folder folder;
  host::sweep(folder.file("none/"));
  CHECK(folder.entries() == 0);
}

#endif
