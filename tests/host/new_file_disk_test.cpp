// New files on disk, the same on every system.
#include <string>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
namespace host = tessera::host;
using host::Medium;

TEST_CASE("a file on disk takes the place of the old one all at once, and leaves no scratch file") {
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

TEST_CASE("a file gets no name that another has, and leaves that one alone") {
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

TEST_CASE("a folder that does not exist is a clear Error") {
  const Folder folder;
  const auto path = folder.file("none/a");
  const auto error = error_of([&] { host::StagedFile(path, 0666, Medium::disk, path); });
  CHECK(error.errc() == Errc::name_missing);
  CHECK(has(error.what(), folder.file("none/")));
  CHECK(has(error.what(), "the folder must exist"));
}
