#include <tessera/host/unlinked_files.hpp>

#if defined(TESSERA_POSIX)  // /proc

#include <unistd.h>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("files that a process has open are found once their names are gone, and not before") {
  const Folder folder;
  const auto path = folder.file("a");
  write_file(path, "some bytes");
  const auto mine = host::open_existing(path, host::Access::read_write, "a");
  REQUIRE(mine);
  const auto found = [&] {
    std::string bytes;
    host::visit_nameless_files(::getpid(), host::Access::read_only, [&](host::OpenFile file) {
      if (file.info.id != mine->info.id) return false;
      bytes = host::read_at(file, 0, 100, "a");
      return true;
    });
    return bytes;
  };
  CHECK(found().empty());
  REQUIRE(::unlink(path.c_str()) == 0);
  CHECK(found() == "some bytes");
}

TEST_CASE("of a process that does not exist no files are found") {
  Child ended([] {});
  const auto pid = ended.pid();
  CHECK(ended.failure() == "");
  CHECK_FALSE(host::visit_nameless_files(pid, host::Access::read_only,
                                         [](const host::OpenFile&) { return true; }));
}

#endif
