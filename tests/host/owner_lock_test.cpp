#include <tessera/host/owner_lock.hpp>

#if defined(TESSERA_POSIX)  // fork

#include <fcntl.h>

#include <tessera/host/segment_files.hpp>
#include <tessera/host/try_lock.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("an owner lives as long as its lock is held") {
  const Folder folder;
  write_file(folder.file("a"), "x");
  const auto lives = [&] {  // who asks holds a lock for that moment
    const auto looked = host::open_existing(folder.file("a"), host::Access::read_only, "a");
    return looked && host::owner_lives(*looked, "a");
  };
  auto lock = host::OwnerLock::opened_by(
      [&] { return host::Descriptor(::open(folder.file("a").c_str(), O_RDWR | O_CLOEXEC)); });
  CHECK(lock.held());
  CHECK_FALSE(lives());
  REQUIRE(host::try_lock(lock.descriptor(), host::Lock::exclusive));
  CHECK(lives());
  lock.release();
  CHECK_FALSE(lock.held());
  CHECK_FALSE(lives());
}

TEST_CASE("a forked child is of another generation, and its own child of one more") {
  const auto mine = host::fork_generation();
  CHECK(failure_in_child([&] {
          const auto child = host::fork_generation();
          must(child != mine, "the child is another process");
          must(failure_in_child([&] {
                 must(host::fork_generation() != child && host::fork_generation() != mine,
                      "so is its child");
               }).empty(),
               "a child of the child");
        }) == "");
  CHECK(host::fork_generation() == mine);
}

#endif
