#include "support/catch.hpp"

#include <array>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include <tessera/memory/array_segment.hpp>

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::Permission;
using tessera::Segment;
using tessera::SegmentName;
using tessera::Shape;

TEST_CASE("A shape is made of any integers, an array or a vector of them") {
  const std::array<std::size_t, 3> expected{4, 0, 6};
  CHECK(Shape<3>(4, 0u, 6L).extents() == expected);
  CHECK(Shape<3>(std::array<int, 3>{4, 0, 6}).extents() == expected);
  CHECK(Shape<3>(std::vector<std::size_t>{4, 0, 6}).extents() == expected);
  CHECK(Shape<0>().extents().empty());
  CHECK(Shape<0>(std::vector<int>{}).extents().empty());
}

TEST_CASE("A negative extent is an Error that shows it") {
  const auto error = error_of([] { Shape<2>(3, -4); });
  CHECK(error.errc() == Errc::invalid_shape);
  CHECK(has(error.what(), "-4"));
  CHECK(error_of([] { Shape<2>(std::vector<int>{-1, 1}); }).errc() == Errc::invalid_shape);
}

TEST_CASE("A shape of another number of axes is an Error") {
  const auto error = error_of([] { Shape<2>(std::vector<int>{1, 2, 3}); });
  CHECK(error.errc() == Errc::rank_mismatch);
}

TEST_CASE("Column-major arrays of any shape are copied to row-major ones") {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::size_t> shape(std::uniform_int_distribution<std::size_t>(0, 5)(random));
    for (auto& extent : shape) extent = std::uniform_int_distribution<std::size_t>(0, 5)(random);
    std::size_t count = 1;
    for (const auto extent : shape) count *= extent;
    // The element at an index is that index, in base 8.
    std::vector<std::uint32_t> fortran(count), expected(count), got(count);
    for (std::size_t k = 0; k < count; ++k) {
      std::uint32_t first = 0, last = 0;
      std::size_t rest = k;
      for (std::size_t d = 0; d < shape.size(); rest /= shape[d++])
        first |= static_cast<std::uint32_t>(rest % shape[d]) << 3 * d;
      rest = k;
      for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d])
        last |= static_cast<std::uint32_t>(rest % shape[d]) << 3 * d;
      fortran[k] = first;
      expected[k] = last;
    }
    tessera::detail::transpose_copy(reinterpret_cast<const std::byte*>(fortran.data()),
                                    reinterpret_cast<std::byte*>(got.data()), shape, 4);
    REQUIRE(got == expected);
  }
}

TEST_CASE("A wrong type, rank or shape is an Error that names both sides") {
  const auto segment = Segment::create(std::nullopt, tessera::dtype_of<float>(),
                                       std::vector<std::size_t>{2, 3}, Permission::owner);
  const auto type = error_of([&] {
    tessera::detail::check_in_place(*segment, tessera::dtype_of<double>(), 2, alignof(double));
  });
  CHECK(type.errc() == Errc::type_mismatch);
  CHECK(has(type.what(), "'<f4', not '<f8'"));
  CHECK(type.subject() == segment->name());
  const auto rank = error_of(
      [&] { tessera::detail::check_in_place(*segment, tessera::dtype_of<float>(), 3, 4); });
  CHECK(rank.errc() == Errc::rank_mismatch);
  CHECK(has(rank.what(), "it has 2 axes, shape (2, 3), not 3"));
  const auto shape =
      error_of([&] { tessera::detail::check_shape(*segment, std::array<std::size_t, 2>{3, 2}); });
  CHECK(shape.errc() == Errc::shape_mismatch);
  CHECK(has(shape.what(), "(2, 3), not (3, 2)"));
  tessera::detail::check_in_place(*segment, tessera::dtype_of<float>(), 2, 4);
  tessera::detail::check_shape(*segment, std::array<std::size_t, 2>{2, 3});
}

TEST_CASE("Data that an element type can't be aligned to is refused in place, with advice to load") {
  const Folder folder;
  std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
  text.append(76 - 10 - text.size() - 1, ' ') += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += {static_cast<char>(text.size()), 0};
  const double values[] = {1.5, -2.5};
  bytes += text + std::string(reinterpret_cast<const char*>(values), 16);
  write_file(folder.file("a.npy"), bytes);
  const auto file = Segment::map_file(folder.file("a.npy"), tessera::host::Access::read_only);
  const auto dtype = tessera::dtype_of<double>();
  const auto error = error_of([&] { tessera::detail::check_in_place(*file, dtype, 1, 8); });
  CHECK(error.errc() == Errc::type_mismatch);
  CHECK(has(error.what(), "not aligned; load() converts it"));
  const auto loaded =
      tessera::detail::load(folder.file("a.npy"), std::nullopt, dtype, 1, Permission::owner);
  CHECK(std::memcmp(loaded->data(), values, 16) == 0);
}

TEST_CASE("A load that fails leaves no name and no memory") {
  const Folder folder;
  const auto name = unique_name();
  write_file(folder.file("a.npy"), "not an array");
  CHECK(error_of([&] {
          tessera::detail::load(folder.file("a.npy"), SegmentName(name), tessera::dtype_of<int>(), 1,
                                Permission::owner);
        }).errc() == Errc::not_an_array);
  CHECK_FALSE(exists(shm_path(name)));
}
