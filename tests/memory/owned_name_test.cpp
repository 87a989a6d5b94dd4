#include <tessera/memory/orphan.hpp>
#include <tessera/memory/owned_name.hpp>

#include <memory>
#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::Segment;
using tessera::detail::OwnedName;

TEST_CASE("a use of a name that ends before the owner does leaves the name to the owner") {
  const auto name = unique_name();
  auto segment = create(name);
  { const Segment::NameUse use(segment); }
  REQUIRE(exists(shm_path(name)));
  REQUIRE(segment->owned());
  segment.reset();
  REQUIRE_FALSE(exists(shm_path(name)));
}

TEST_CASE("a use of an attached segment's name never removes it") {
  const auto name = unique_name();
  const auto owner = create(name);
  auto attached = attach(name);
  {
    const Segment::NameUse use(attached);
    attached->end();
  }
  attached.reset();
  REQUIRE(exists(shm_path(name)));
}

#if defined(TESSERA_POSIX)  // names outlive processes
TEST_CASE("a name that is in use stays when its owner ends, locked, and goes with the last use") {
  const auto name = unique_name();
  const auto segment = create(name);
  {
    const Segment::NameUse one(segment);
    {
      Segment::NameUse two(segment);
      const Segment::NameUse moved(std::move(two));
      segment->end();
      segment->end();
      REQUIRE(exists(shm_path(name)));
      REQUIRE_FALSE(segment->ended());
      REQUIRE_FALSE(tessera::detail::remove_orphan(name));  // its lock is held
    }
    REQUIRE(exists(shm_path(name)));
  }
  REQUIRE_FALSE(exists(shm_path(name)));
  REQUIRE(segment->ended());
}
#endif

#if defined(TESSERA_POSIX)  // names outlive processes
TEST_CASE("a use of a name that is gone brings nothing back and removes nothing") {
  const auto name = unique_name();
  const auto segment = create(name);
  segment->end();
  const auto next = create(name);
  { const Segment::NameUse use(segment); }
  REQUIRE(exists(shm_path(name)));
  REQUIRE(next->owned());
}
#endif

#if defined(TESSERA_POSIX)  // names outlive processes
TEST_CASE("a name kept while it is in use stays") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  const auto segment = create(name);
  {
    const Segment::NameUse use(segment);
    segment->keep();
    segment->end();
  }
  REQUIRE(exists(shm_path(name)));
}
#endif

#if defined(TESSERA_POSIX)  // names outlive processes
TEST_CASE("a use of a name in a forked child leaves the parent's name alone") {
  const auto name = unique_name();
  const auto segment = create(name);
  auto use = std::make_unique<Segment::NameUse>(segment);
  segment->end();
  REQUIRE(failure_in_child([&] { use.reset(); }) == "");
  REQUIRE(exists(shm_path(name)));
  use.reset();
  REQUIRE_FALSE(exists(shm_path(name)));
}
#endif

TEST_CASE("a name that this process did not create is never held, and its end does nothing") {
  OwnedName name;
  CHECK_FALSE(name.held());
  CHECK(name.use());
  name.release();
  name.end();
  name.end();
  CHECK_FALSE(name.use());
}

#if defined(TESSERA_POSIX)  // a name is free as soon as its owner ends
TEST_CASE("a second end of a name removes nothing that has the name by then") {
  const auto name = unique_name();
  const auto first = create(name);
  first->end();
  CHECK(first->ended());
  const auto second = create(name);
  first->end();
  CHECK_FALSE(second->ended());
  CHECK(exists(shm_path(name)));
}
#endif
