#include <tessera/host/still_names.hpp>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a name that is removed or made anew leads to its file no more") {
  const Folder folder;
  const auto path = folder.file("a");
  write_file(path, "x");
  const auto file = host::open_existing(path, host::Access::read_only, "a", true);
  REQUIRE(file);
  CHECK(host::still_names(path, file->info.id));
  CHECK_FALSE(host::still_names(folder.file("none"), file->info.id));
#if defined(TESSERA_POSIX)  // elsewhere an open file keeps its name
  host::unlink(path);
  CHECK_FALSE(host::still_names(path, file->info.id));
  write_file(path, "x");
  CHECK_FALSE(host::still_names(path, file->info.id));
#endif
}
