#include <tessera/host/file.hpp>

#include <chrono>
#include <string>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("bytes are written and read at their offset, and a file tells its length") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = host::open_existing(folder.file("a"), host::Access::read_write, "a", true);
  REQUIRE(file);
  host::write_at(*file, 3, "xyz", "a");
  host::write_at(*file, 9, "ab", "a");
  CHECK(host::read_at(*file, 0, 100, "a") == "012xyz678ab");
  char some[3] = {};
  CHECK(host::read_into(*file, 9, some, 3, "a") == 2);
  const auto info = host::file_info(*file, "a");
  CHECK((info.bytes == 11 && info.regular && info.ours));
}

TEST_CASE("a file that may not be written is an Error that names it") {
  const Folder folder;
  write_file(folder.file("a"), "x");
  const auto file = host::open_existing(folder.file("a"), host::Access::read_only, "a", true);
  REQUIRE(file);
  CHECK(error_of([&] { host::write_at(*file, 0, "y", "the file"); }).subject() == "the file");
  CHECK(bytes_of(folder.file("a")) == "x");
}

TEST_CASE("reading stops at the file's end") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = host::open_existing(folder.file("a"), host::Access::read_only, "a", true);
  CHECK(host::read_at(*file, 4, 100, "a") == "456789");
  CHECK(host::read_at(*file, 10, 1, "a").empty());
  CHECK(host::read_at(*file, 1000, 1, "a").empty());
}
