// Files on disk, and random names, the same on every system.
#include <string>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
namespace host = tessera::host;
using host::Access;
using host::Medium;

TEST_CASE("A file on disk takes the place of the old one all at once, and leaves no scratch file") {
  const Folder folder;
  const auto path = folder.file("a");
  write_file(path, "old");
  {
    host::StagedFile file(path, 0666, Medium::disk, path);
    host::write_at(file.descriptor(), 0, "new", path);
    CHECK(bytes_of(path) == "old");
    file.publish_over(path, path);
  }
  CHECK(bytes_of(path) == "new");
  CHECK(folder.entries() == 1);
  { const host::StagedFile file(path, 0666, Medium::disk, path); }
  CHECK(folder.entries() == 1);
}

TEST_CASE("A file gets no name that another has, and leaves that one alone") {
  const Folder folder;
  const auto path = folder.file("a");
  write_file(path, "theirs");
  {
    host::StagedFile file(path, 0666, Medium::disk, path);
    host::write_at(file.descriptor(), 0, "mine", path);
    CHECK_FALSE(file.publish(path, path));
  }
  CHECK(bytes_of(path) == "theirs");
  CHECK(folder.entries() == 1);
}

TEST_CASE("A folder that does not exist is a clear Error") {
  const Folder folder;
  const auto path = folder.file("none/a");
  const auto error = error_of([&] { host::StagedFile(path, 0666, Medium::disk, path); });
  CHECK(error.errc() == Errc::name_missing);
  CHECK(has(error.what(), folder.file("none/")));
  CHECK(has(error.what(), "the folder must exist"));
}

TEST_CASE("Reading stops at the file's end") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = host::open_existing(folder.file("a"), Access::read_only, "a", true);
  CHECK(host::read_at(*file, 4, 100, "a") == "456789");
  CHECK(host::read_at(*file, 10, 1, "a").empty());
  CHECK(host::read_at(*file, 1000, 1, "a").empty());
}

TEST_CASE("Random identities and names differ") {
  const auto mine = host::random_hex(32);
  CHECK(mine.size() == 32);
  CHECK(host::random_hex(5).size() == 5);
  CHECK(mine != host::random_hex(32));
  CHECK(host::random_identity() != host::random_identity());
}
