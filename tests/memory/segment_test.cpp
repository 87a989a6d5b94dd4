#include <tessera/memory/orphan.hpp>
#include "support/segments.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::dtype_of;
using tessera::Errc;
using tessera::Permission;
using tessera::Segment;
using tessera::SegmentName;
using Extents = std::vector<std::size_t>;

TEST_CASE("a created segment is zero, owned and there for all to see") {
  const auto name = unique_name();
  const auto segment = create(name, {5, 7});
  CHECK(segment->owned());
  CHECK(segment->name() == name);
  CHECK(segment->subject() == name);
  CHECK(segment->path() == shm_path(name));
  CHECK(segment->header().shape == Extents{5, 7});
  CHECK(std::string(reinterpret_cast<const char*>(segment->data()), 140) == std::string(140, '\0'));
  CHECK(exists(shm_path(name)));
}

TEST_CASE("whoever is attached sees that the owner has ended, and keeps the memory") {
  const auto name = unique_name();
  auto owner = create(name);
  const auto guest = attach(name);
  CHECK_FALSE(guest->owned());
  CHECK_FALSE(guest->ended());
  CHECK(guest->identity() == owner->identity());
  owner.reset();
  CHECK(guest->ended());
  guest->data()[0] = std::byte{7};
  CHECK(guest->data()[0] == std::byte{7});
}

TEST_CASE("an attacher's end removes nothing") {
  const auto name = unique_name();
  const auto owner = create(name);
  attach(name).reset();
  CHECK(exists(shm_path(name)));
  CHECK_FALSE(owner->ended());
}

TEST_CASE("only the owner can keep") {
  const auto name = unique_name();
  const auto owner = create(name);
  const auto error = error_of([&] { attach(name)->keep(); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(error.subject() == name);
  CHECK(owner->owned());
}

TEST_CASE("creating on a taken name is refused and the array there stays as it is") {
  const auto name = unique_name();
  const auto first = create(name);
  first->data()[0] = std::byte{42};
  const auto error = error_of([&] { create(name); });
  CHECK(error.errc() == Errc::name_taken);
  CHECK(error.code() == std::errc::file_exists);
  CHECK(has(error.what(), name));
  CHECK(attach(name)->data()[0] == std::byte{42});
}

TEST_CASE("segments without a name get one of their own") {
  const auto make = [] {
    return Segment::create(std::nullopt, dtype_of<double>(), Extents{2}, Permission::owner);
  };
  const auto one = make(), two = make();
  CHECK(one->name() != two->name());
  CHECK(SegmentName::valid(one->name()));
  CHECK(exists(one->path()));
}

TEST_CASE("attaching to a name that is missing, or removed since, is an Error") {
  const auto name = unique_name();
  const auto missing = [&] { return error_of([&] { attach(name); }); };
  CHECK(missing().errc() == Errc::name_missing);
  CHECK(missing().code() == std::errc::no_such_file_or_directory);
  CHECK(has(missing().what(), name));
  create(name).reset();
  CHECK(missing().errc() == Errc::name_missing);
}

TEST_CASE("foreign bytes under a name are an Error that names it") {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string(64, '\0'), std::string(4096, '\0'),
        std::string(200000, '\xff'), std::string("\x93NUMPY\x01\x00\xff\xff{", 11)}) {
    // A section is never empty, and as long as it has nothing in it its creator is at work.
    if (bytes.find_first_not_of('\0') == bytes.npos && !tessera::host::names_outlive_processes)
      continue;
    const auto name = unique_name();
    const Planted planted(name, bytes);
    const auto error = error_of([&] { attach(name); });
    CHECK(error.errc() == Errc::not_an_array);
    CHECK(error.subject() == name);
    CHECK_FALSE(tessera::detail::remove_orphan(name));
    CHECK(error_of([&] { create(name); }).errc() == Errc::name_taken);
    CHECK(exists(shm_path(name)));
  }
}

TEST_CASE("extents that overflow are refused before anything is made") {
  const auto name = unique_name();
  const std::size_t huge = std::size_t{1} << 62, most = ~std::size_t{0};
  for (const auto& shape :
       {Extents{most}, Extents{huge}, Extents{huge, 2}, Extents{1u << 31, 1u << 31, 4},
        Extents{0, most, 2}, Extents{(huge >> 1) - 8}}) {
    CHECK(error_of([&] { create(name, shape); }).errc() == Errc::invalid_shape);
    CHECK_FALSE(exists(shm_path(name)));
  }
}

TEST_CASE("a segment that does not fit leaves nothing behind") {
  const auto name = unique_name();
  const auto error = error_of([&] { create(name, {std::size_t{1} << 50}); });
  CHECK(error.errc() == Errc::no_space);
  CHECK(error.code() == std::errc::no_space_on_device);
  CHECK_FALSE(exists(shm_path(name)));
}
