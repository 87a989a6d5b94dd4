#include <tessera/memory/process_identity.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::Identity;
using tessera::SegmentState;
using tessera::detail::new_control_block;
using tessera::detail::OwnIdentity;
using tessera::detail::process_identity;

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("what a forked child creates is its own, and recorded as such") {
  const auto name = unique_name(), theirs = unique_name("child");
  const auto owner = create(name);
  const auto mine = bytes_of(shm_path(name)).substr(192 + 32, 16);
  CHECK(failure_in_child([&] {
          const auto segment = create(theirs);
          must(segment->owned(), "the child owns it");
          must(bytes_of(shm_path(theirs)).substr(192 + 32, 16) != mine, "by another identity");
        }) == "");
  CHECK_FALSE(exists(shm_path(theirs)));
}

TEST_CASE("a process whose identity another has chosen records that, and its children do not") {
  CHECK(failure_in_private_shm(MiB, [] {
          tessera::Identity chosen{1, 2, 3};
          auto& own = tessera::detail::OwnIdentity::instance();
          own.become(chosen);
          must(!own.asked_for(), "no name has it yet");
          const auto is_recorded = [&](const char* name) {
            const auto recorded = bytes_of(shm_path(name)).substr(192 + 32, 16);
            return std::equal(recorded.begin(), recorded.end(),
                              reinterpret_cast<const char*>(chosen.data()));
          };
          must(failure_in_child([&] {
                 const auto child = create("child");
                 must(!is_recorded("child"), "a child has another");
               }).empty(),
               "a child is another process");
          must(!own.asked_for(), "still no name has it");
          const auto segment = create("x");
          must(is_recorded("x"), "it is recorded");
          must(own.asked_for(), "and that is known");
        }) == "");
}
#endif

TEST_CASE("a process has one identity, which is not zero") {
  const Identity first = process_identity();
  CHECK(first == process_identity());
  CHECK(first != Identity{});
  CHECK(OwnIdentity::instance().asked_for());
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a forked child has another identity than its parent, and its own children another") {
  const Identity parent = process_identity();
  CHECK(failure_in_child([&] {
          const Identity child = process_identity();
          must(child != parent, "the child's is another");
          must(failure_in_child([&] {
                 must(process_identity() != child && process_identity() != parent, "and so on");
               }).empty(),
               "so is its child's");
          must(process_identity() == child, "it stays the same");
        }) == "");
  CHECK(process_identity() == parent);
}
#endif

TEST_CASE("a new control block is owned by this process, and of an array that no other is") {
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const auto one = new_control_block(7), other = new_control_block(7);
  CHECK(one.state == static_cast<std::uint32_t>(SegmentState::owned));
  CHECK((one.inode == 7 && one.owner == process_identity() && one.published == 0));
  CHECK(one.identity != other.identity);
  CHECK(std::chrono::nanoseconds(one.created_ns) >= before);
  CHECK(tessera::ControlBlock::read(one.bytes()).has_value());
}
