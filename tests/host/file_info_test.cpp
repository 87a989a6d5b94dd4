#include <tessera/host/file_info.hpp>

#include <cerrno>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("what is to be mapped of a file is whole units") {
  host::FileInfo info;
  CHECK((info.mapped(0) == 0 && info.mapped(100) == 100));
  info.unit = 4096;
  CHECK((info.mapped(0) == 0 && info.mapped(1) == 4096 && info.mapped(4096) == 4096 &&
         info.mapped(4097) == 8192));
}

TEST_CASE("files are the same where device and inode are") {
  CHECK(host::FileId{1, 2} == host::FileId{1, 2});
  CHECK(host::FileId{1, 2} != host::FileId{1, 3});
  CHECK(host::FileId{1, 2} != host::FileId{3, 2});
}

#if defined(TESSERA_POSIX)
TEST_CASE("the last failure of the system is told about its subject") {
  errno = EACCES;
  const auto error = host::last_failure("a subject", "opening it");
  CHECK((error.errc() == tessera::Errc::not_permitted && error.subject() == "a subject"));
}
#endif
