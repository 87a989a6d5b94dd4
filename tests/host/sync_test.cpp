#include <tessera/host/sync.hpp>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a file and its name can be had on disk, whatever the file system has to do for it") {
  const Folder folder;
  const auto path = folder.file("a");
  write_file(path, "x");
  const auto file = host::open_existing(path, host::Access::read_write, "a", true);
  REQUIRE(file);
  CHECK_NOTHROW(host::sync(*file, host::Durability::disk, "a"));
  CHECK_NOTHROW(host::sync_name(path, *file, host::Durability::disk, "a"));
  CHECK(bytes_of(path) == "x");
}

TEST_CASE("what can't be had on disk is an Error, and nothing is tried where nobody asked") {
  const host::Descriptor none;
  CHECK_THROWS_AS(host::sync(none, host::Durability::disk, "a"), tessera::Error);
  CHECK_NOTHROW(host::sync(none, host::Durability::none, "a"));
  CHECK_NOTHROW(host::sync_name("none/a", none, host::Durability::none, "a"));
}
