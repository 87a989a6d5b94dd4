#include <tessera/host/folder_of.hpp>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("the folder of a path ends with its slash, and is the current one where none is named") {
  CHECK(host::folder_of("/a/b/c") == "/a/b/");
  CHECK(host::folder_of("/c") == "/");
  CHECK(host::folder_of("a/") == "a/");
  CHECK(host::folder_of("c") == "./");
}
