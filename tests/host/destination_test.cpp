#include <tessera/host/destination.hpp>

#if defined(TESSERA_POSIX)  // links and permissions

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

using tessera::Errc;

TEST_CASE("a path leads to its file or to where a new one will be") {
  const Folder folder;
  const auto missing = host::destination(folder.file("a"));
  CHECK((missing.path == folder.file("a") && !missing.there));
  write_file(folder.file("a"), "x");
  CHECK(host::destination(folder.file("a")).there);
  CHECK(error_of([] { host::destination(""); }).errc() == Errc::invalid_argument);
}

TEST_CASE("links are followed to the file that takes the bytes") {
  const Folder folder;
  std::filesystem::create_symlink("second", folder.file("first"));
  std::filesystem::create_symlink(folder.file("file"), folder.file("second"));
  CHECK(host::destination(folder.file("first")).path == folder.file("file"));
  write_file(folder.file("file"), "x");
  CHECK(host::destination(folder.file("first")).there);
}

TEST_CASE("a folder is no destination, and a read-only file or one of two names is not replaced") {
  const Folder folder;
  CHECK(error_of([&] { host::destination(folder.file("")); }).errc() == Errc::not_an_array);
  const auto path = folder.file("a");
  write_file(path, "x");
  CHECK_NOTHROW(host::check_replaceable(host::destination(path), path));
  REQUIRE(::link(path.c_str(), folder.file("b").c_str()) == 0);
  const auto linked = error_of([&] { host::check_replaceable(host::destination(path), path); });
  CHECK((linked.errc() == Errc::not_permitted && has(linked.what(), "2 names")));
  REQUIRE(::unlink(folder.file("b").c_str()) == 0);
  REQUIRE(::chmod(path.c_str(), 0444) == 0);
  const auto locked = error_of([&] { host::check_replaceable(host::destination(path), path); });
  CHECK((locked.errc() == Errc::not_permitted && has(locked.what(), "read-only")));
}

TEST_CASE("what takes the place of a file gets its permissions") {
  const Folder folder;
  write_file(folder.file("old"), "x");
  REQUIRE(::chmod(folder.file("old").c_str(), 0640) == 0);
  const host::Descriptor file(
      ::open(folder.file("new").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  host::keep_owner_and_mode(file, host::destination(folder.file("old")), "old");
  CHECK(std::filesystem::status(folder.file("new")).permissions() == std::filesystem::perms(0640));
}

#endif
