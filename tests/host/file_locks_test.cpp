#include <tessera/host/file_locks.hpp>

#if defined(TESSERA_POSIX)  // locks of files

#include <unistd.h>

#include <optional>
#include <string>

#include <tessera/host/segment_files.hpp>
#include <tessera/host/try_lock.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

using host::Lock;

namespace {

struct LockableFile {
  Folder folder;
  std::string path = folder.file("locked");
  std::optional<host::OpenFile> open() const {
    return host::open_existing(path, host::Access::read_only, "locked");
  }
  LockableFile() { write_file(path, "x"); }
};

}  // namespace

TEST_CASE("who holds a lock is told, as owner or as one who asks") {
  const LockableFile its;
  const auto file = its.open();
  REQUIRE(file);
  const auto id = file->info.id;
  CHECK_FALSE(host::FileLocks().holder(id));
  CHECK(host::describe_lock_holder(id).empty());
  REQUIRE(host::try_lock(*file, Lock::shared));
  if (!host::FileLocks().holder(id)) return skip("this system does not tell who holds a lock");
  CHECK(host::FileLocks().holder(id)->shared);
  CHECK_FALSE(host::FileLocks().owned(id));
  REQUIRE(host::try_lock(*file, Lock::exclusive));
  const host::FileLocks locks;
  CHECK((locks.holder(id)->pid == ::getpid() && locks.owned(id)));
  CHECK(has(host::describe_lock_holder(id), "process " + std::to_string(::getpid()) + " ("));
}

TEST_CASE("a lock that an ended process left to its child is told with both") {
  const LockableFile its;
  const auto looked = its.open();
  REQUIRE(looked);
  const auto words = [&] { return host::describe_lock_holder(looked->info.id); };
  int heir[2];
  REQUIRE(::pipe(heir) == 0);
  Child owner([&] {
    const auto file = its.open();
    must(file && host::try_lock(*file, Lock::exclusive), "it is locked");
    const auto pid = ::fork();
    if (pid == 0) {
      for (int other = 3; other < 256; ++other)  // the report to the test among them
        if (other != file->get()) ::close(other);
      for (;;) ::pause();
    }
    must(::write(heir[1], &pid, sizeof pid) == sizeof pid, "the child is told");
  });
  const auto owner_pid = owner.pid();
  pid_t pid = 0;
  REQUIRE(::read(heir[0], &pid, sizeof pid) == sizeof pid);
  CHECK(owner.failure() == "");
  const auto said = words();
  kill_process(pid);
  ::close(heir[0]);
  ::close(heir[1]);
  if (said.empty()) return skip("this system does not tell who holds a lock");
  CHECK(has(said, "process " + std::to_string(pid)));
  CHECK(has(said, "process " + std::to_string(owner_pid) + " that has ended"));
}

#endif
