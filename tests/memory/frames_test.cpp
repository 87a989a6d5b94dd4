// An array whose first axis is a ring of steps.
#include <tessera/memory/frames.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::SharedArray;

using Ring = SharedArray<float, 3>;

namespace {

void write(Ring& ring, std::uint64_t n) {
  auto now = ring.write_step(n);
  now.view() = static_cast<float>(n);
}

}  // namespace

TEST_CASE("a step is published when its writer ends, and not before") {
  auto ring = Ring::create({3, 2, 4});
  {
    auto now = ring.write_step(1);
    CHECK(now.step() == 1);
    CHECK(now.slot() == 0);
    now.view() = 5.0f;
    CHECK(ring.published() == 0);
  }
  CHECK(ring.published() == 1);
  CHECK(xt::sum(xt::view(ring, 0))() == 40.0f);
  CHECK(xt::sum(xt::view(ring, 1))() == 0.0f);
}

TEST_CASE("the slots of a ring are used in turn") {
  auto ring = Ring::create({3, 2, 4});
  for (std::uint64_t n = 1; n <= 7; ++n) write(ring, n);
  CHECK(ring(0, 1, 3) == 7.0f);
  CHECK(ring(1, 1, 3) == 5.0f);
  CHECK(ring(2, 1, 3) == 6.0f);
}

TEST_CASE("a frame is the step that was asked for, of its shape, through a read-only mapping") {
  auto ring = Ring::create({3, 2, 4});
  for (std::uint64_t n = 1; n <= 5; ++n) write(ring, n);
  const auto reader = SharedArray<const float, 3>::attach(ring.name());
  const auto latest = reader.latest();
  CHECK(latest.step() == 5);
  CHECK(latest.view().shape() == std::array<std::size_t, 2>{2, 4});
  CHECK(xt::mean(latest.view())() == 5.0);
  CHECK(latest.whole());
  const auto older = reader.step(3);
  CHECK(xt::mean(older.view())() == 3.0);
  CHECK(older.whole());
}

TEST_CASE("a frame is no longer whole as soon as its slot is being overwritten") {
  auto ring = Ring::create({3, 2, 4});
  for (std::uint64_t n = 1; n <= 3; ++n) write(ring, n);
  const auto first = ring.step(1), second = ring.step(2);
  CHECK(first.whole());
  auto now = ring.write_step(4);
  CHECK_FALSE(first.whole());
  CHECK(second.whole());
  now.discard();
}

TEST_CASE("a step that was overwritten before it was asked for is not whole") {
  auto ring = Ring::create({3, 2, 4});
  for (std::uint64_t n = 1; n <= 5; ++n) write(ring, n);
  CHECK_FALSE(ring.step(2).whole());
  CHECK(ring.step(3).whole());
}

TEST_CASE("a step is not published by a writer that is discarded, or that an exception ends") {
  auto ring = Ring::create({3, 2, 4});
  write(ring, 1);
  ring.write_step(2).discard();
  CHECK(ring.published() == 1);
  try {
    auto now = ring.write_step(2);
    throw std::runtime_error("the model is unstable");
  } catch (const std::runtime_error&) {
  }
  CHECK(ring.published() == 1);
  write(ring, 2);
  CHECK(ring.step(2).whole());
  CHECK(ring.step(1).whole());
}

TEST_CASE("a writer that is moved publishes once, at the end of the last one") {
  auto ring = Ring::create({3, 2, 4});
  {
    auto now = ring.write_step(1);
    { const auto moved = std::move(now); }
    CHECK(ring.published() == 1);
    write(ring, 2);
  }
  CHECK(ring.published() == 2);
}

TEST_CASE("one step is written at a time") {
  auto ring = Ring::create({3, 2, 4});
  {
    auto now = ring.write_step(1);
    const auto second = error_of([&] { ring.write_step(1); });
    CHECK(second.errc() == Errc::invalid_argument);
    CHECK(has(second.what(), "is being written"));
    CHECK(error_of([&] { ring.write_step(2); }).errc() == Errc::invalid_argument);
    CHECK(has(error_of([&] { ring.publish(1); }).what(), "is being written"));
    CHECK(ring.published() == 0);
  }
  CHECK(ring.published() == 1);
  ring.write_step(2).discard();
  write(ring, 2);
  CHECK(ring.published() == 2);
}

TEST_CASE("a step that another process has published meanwhile is not taken back") {
  auto ring = Ring::create({3, 2, 4});
  auto other = Ring::attach(ring.name());
  {
    auto now = ring.write_step(1);
    other.publish(5);
  }
  CHECK(ring.published() == 5);
}

TEST_CASE("frames can be kept in a variable that changes") {
  auto ring = Ring::create({3, 2, 4});
  write(ring, 1);
  auto frame = ring.latest();
  write(ring, 2);
  frame = ring.latest();
  CHECK(frame.step() == 2);
  CHECK(xt::mean(frame.view())() == 2.0);
}

TEST_CASE("the first step has any number, and each other one the next") {
  auto ring = Ring::create({3, 2, 4});
  write(ring, 100);
  CHECK(ring.latest().step() == 100);
  CHECK(ring.latest().whole());
  CHECK_FALSE(ring.step(99).whole());
  const auto error = error_of([&] { ring.write_step(100); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "step 100 can't follow step 100"));
  CHECK(has(error_of([&] { ring.write_step(102); }).what(), "step 102 can't follow step 100"));
  CHECK(error_of([&] { Ring::create({3, 1, 1}).write_step(0); }).errc() == Errc::invalid_argument);
}

TEST_CASE("a step that is not published is refused, with the last one") {
  auto ring = Ring::create({3, 2, 4});
  CHECK(has(error_of([&] { static_cast<void>(ring.latest()); }).what(), "not published yet"));
  write(ring, 1);
  const auto error = error_of([&] { static_cast<void>(ring.step(2)); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "step 2 is not published yet: the last one is 1"));
}

TEST_CASE("a step that was published by hand is refused: nobody can tell whether it is whole") {
  auto ring = Ring::create({3, 2, 4});
  ring.publish(1);
  CHECK(has(error_of([&] { static_cast<void>(ring.latest()); }).what(), "without write_step"));
}

TEST_CASE("a ring without slots is refused, and one slot is a ring, and so is one axis") {
  auto none = Ring::create({0, 2, 4});
  CHECK(error_of([&] { none.write_step(1); }).errc() == Errc::invalid_shape);
  none.publish(1);
  CHECK(error_of([&] { static_cast<void>(none.latest()); }).errc() == Errc::invalid_shape);
  auto one = SharedArray<int, 1>::create({1});
  for (std::uint64_t n = 1; n <= 3; ++n) {
    auto now = one.write_step(n);
    now.view() = static_cast<int>(n);
  }
  CHECK(one.latest().view()() == 3);
  CHECK(one.latest().whole());
}

TEST_CASE("a frame keeps the memory of an array that has ended") {
  auto ring = Ring::create({3, 2, 4});
  write(ring, 1);
  const auto frame = ring.latest();
  ring = Ring();
  CHECK(xt::mean(frame.view())() == 1.0);
  CHECK(frame.whole());
}

TEST_CASE("files on disk are no rings") {
  const Folder folder;
  auto file = Ring::create_file(folder.file("x.npy"), {3, 2, 4});
  CHECK(error_of([&] { file.write_step(1); }).errc() == Errc::invalid_argument);
  CHECK(error_of([&] { static_cast<void>(file.latest()); }).errc() == Errc::invalid_argument);
}
