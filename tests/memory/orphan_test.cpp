#include <tessera/memory/orphan.hpp>

#include <unistd.h>

#include <cstddef>
#include <string>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::detail::Removal;
using tessera::detail::remove_orphan;
using tessera::detail::try_remove_orphan;

namespace {

/// Leaves an array of that name without an owner.
void leave_orphan(const std::string& name) {
  must(failure_in_child([&] {
         const auto segment = create(name);
         ::_exit(0);
       }).empty(),
       "an orphan can be left");
}

}  // namespace

TEST_CASE("an orphan is removed only for the owner that was asked for") {
  CHECK(failure_in_private_shm(MiB, [] {
          tessera::Identity owner{};
          must(failure_in_child([] {
                 create("x").get();
                 ::_exit(0);
               }).empty(),
               "an orphan");
          must(failure_in_child([] {
                 const auto kept_alive = create("y");
                 ::_exit(0);
               }).empty(),
               "another");
          must(!exists(shm_path("x")), "a temporary ends in time");
          const auto bytes = bytes_of(shm_path("y"));
          bytes.copy(reinterpret_cast<char*>(owner.data()), 16, 192 + 32);
          auto other = owner;
          ++other[3];
          must(!tessera::detail::remove_orphan("y", &other), "another owner's is not removed");
          must(exists(shm_path("y")), "it is still there");
          must(tessera::detail::remove_orphan("y", &owner), "the right one's is");
          must(!exists(shm_path("y")), "it is gone");
        }) == "");
}

TEST_CASE("an orphan is removed once") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  leave_orphan(name);
  CHECK(try_remove_orphan(name).outcome == Removal::Outcome::removed);
  CHECK_FALSE(exists(shm_path(name)));
  CHECK(try_remove_orphan(name).outcome == Removal::Outcome::no_orphan);
}

TEST_CASE("an array whose owner lives is locked, and stays") {
  const auto name = unique_name();
  const auto owner = create(name);
  const auto removal = try_remove_orphan(name);
  CHECK(removal.outcome == Removal::Outcome::locked);
  CHECK(removal.file == owner->file_id());
  CHECK(exists(shm_path(name)));
}

TEST_CASE("an array that was kept is no orphan, and neither is its copy") {
  const auto name = unique_name(), copy = unique_name("copy");
  const Removed removed(shm_path(name)), removed_copy(shm_path(copy));
  leave_orphan(name);
  write_file(shm_path(copy), bytes_of(shm_path(name)));
  CHECK_FALSE(remove_orphan(copy));
  CHECK(remove_orphan(name));
  create(name)->keep();
  CHECK_FALSE(remove_orphan(name));
  CHECK(exists(shm_path(name)));
}

TEST_CASE("a link to an orphan is none") {
  const auto name = unique_name(), link = unique_name("link");
  const Removed removed(shm_path(name)), removed_link(shm_path(link));
  leave_orphan(name);
  REQUIRE(::symlink(shm_path(name).c_str(), shm_path(link).c_str()) == 0);
  CHECK_FALSE(remove_orphan(link));
  CHECK(exists(shm_path(name)));
  CHECK(exists(shm_path(link)));
}

TEST_CASE("a start removes the orphans that it finds, and nothing else") {
  CHECK(failure_in_private_shm(MiB, [] {
          leave_orphan("orphan");
          const auto owner = create("owned");
          write_file(shm_path("foreign"), "no array");
          tessera::detail::remove_some_orphans();
          must(!exists(shm_path("orphan")), "the orphan is gone");
          must(exists(shm_path("owned")) && exists(shm_path("foreign")), "the others stay");
          ::unlink(shm_path("foreign").c_str());
        }) == "");
}
