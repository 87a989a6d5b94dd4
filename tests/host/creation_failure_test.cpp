#include <tessera/host/creation_failure.hpp>

#if defined(TESSERA_POSIX)  // elsewhere names are in no folder

#include <cerrno>

#include <tessera/host/segment_folder.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

using tessera::Errc;

TEST_CASE(
    "a file that could not be made is told with what helps, and names' folder with TESSERA_DIR") {
  const Folder folder;
  const auto elsewhere = host::creation_failure(ENOENT, folder.file(""), "x", "creating it");
  CHECK(elsewhere.errc() == Errc::name_missing);
  CHECK(has(elsewhere.what(), "the folder must exist and be writable"));
  CHECK_FALSE(has(elsewhere.what(), "TESSERA_DIR"));
  const std::string names = host::segment_folder();
  CHECK(has(host::creation_failure(EACCES, names, "x", "creating it").what(), "TESSERA_DIR"));
}

TEST_CASE("a full file system is told with df") {
  const Folder folder;
  const auto error = host::creation_failure(ENOSPC, folder.file(""), "x", "creating it");
  CHECK(error.errc() == Errc::no_space);
  CHECK(has(error.what(), "df"));
}

TEST_CASE("a folder of names that is not there is no missing name") {
  const auto error = host::creation_failure(ENOENT, std::string(host::segment_folder()), "x", "");
  CHECK(error.errc() == Errc::system);
  CHECK(has(error.what(), "is not there"));
  CHECK_NOTHROW(host::require_segment_folder("x"));
  CHECK_NOTHROW(host::require_listing("x"));
}

#endif
