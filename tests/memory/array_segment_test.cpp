#include "support/catch.hpp"

#include <array>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/format/npy_codec.hpp>
#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/npy_file.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/scene.hpp"

struct Sample {  // of tests/numpy/make_files.py
  std::int8_t flag;
  double height;
  std::int16_t count;
  float winds[2];
};
TESSERA_FIELDS(Sample, flag, height, count, winds);

using namespace tessera_test;
using tessera::Errc;
using tessera::Permission;
using tessera::Segment;
using tessera::SegmentName;
using tessera::Shape;

namespace {

/// True if element number k is what tests/numpy/make_files.py says.
template <class T>
bool as_made(const T& value, std::size_t k) {
  const int v = static_cast<int>((k * 7 + 3) % 100);
  if constexpr (std::is_same_v<T, Sample>) {
    const auto part = static_cast<float>(v);
    return value.flag == -v && value.height == v + 0.5 && value.count == v * 100 &&
           value.winds[0] == part + 0.25f && value.winds[1] == -part - 0.75f;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value == (v % 2 == 1);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return value == static_cast<T>(v);
  } else {
    return value.real() == static_cast<float>(v) && value.imag() == static_cast<float>(v + 1);
  }
}

/// Loads the file, and maps it where it is as it must be in memory.
template <class T>
void loads_right(const std::string& path, const std::string& file,
                 const std::vector<std::size_t>& shape) {
  const auto dtype = tessera::dtype_of<T>();
  const auto check = [&](const Segment& segment) {
    REQUIRE(segment.header().shape == shape);
    const auto* values = reinterpret_cast<const T*>(segment.data());
    const std::size_t count = segment.header().data_bytes() / sizeof(T);
    for (std::size_t k = 0; k < count; ++k) REQUIRE(as_made(values[k], k));
  };
  check(*tessera::detail::load(path, std::nullopt, dtype, shape.size(), Permission::owner));
  const auto mapped = Segment::map_file(path, tessera::host::Access::read_only);
  const auto in_place = [&] {
    tessera::detail::check_in_place(*mapped, dtype, shape.size(), alignof(T));
  };
  if (has(file, "_big_") || mapped->header().fortran_order) {
    REQUIRE(has(error_of(in_place).what(), "load() converts it"));
  } else {
    in_place();
    check(*mapped);
  }
}

}  // namespace

TEST_CASE("a shape is made of any integers, an array or a vector of them") {
  const std::array<std::size_t, 3> expected{4, 0, 6};
  CHECK(Shape<3>(4, 0u, 6L).extents() == expected);
  CHECK(Shape<3>(std::array<int, 3>{4, 0, 6}).extents() == expected);
  CHECK(Shape<3>(std::vector<std::size_t>{4, 0, 6}).extents() == expected);
  CHECK(Shape<0>().extents().empty());
  CHECK(Shape<0>(std::vector<int>{}).extents().empty());
}

TEST_CASE("a negative extent is an Error that shows it") {
  const auto error = error_of([] { Shape<2>(3, -4); });
  CHECK(error.errc() == Errc::invalid_shape);
  CHECK(has(error.what(), "-4"));
  CHECK(error_of([] { Shape<2>(std::vector<int>{-1, 1}); }).errc() == Errc::invalid_shape);
}

TEST_CASE("a shape of another number of axes is an Error") {
  const auto error = error_of([] { Shape<2>(std::vector<int>{1, 2, 3}); });
  CHECK(error.errc() == Errc::rank_mismatch);
}

TEST_CASE("a wrong type, rank or shape is an Error that names both sides") {
  const auto segment = Segment::create(std::nullopt, tessera::dtype_of<float>(),
                                       std::vector<std::size_t>{2, 3}, Permission::owner);
  const auto type = error_of([&] {
    tessera::detail::check_in_place(*segment, tessera::dtype_of<double>(), 2, alignof(double));
  });
  CHECK(type.errc() == Errc::type_mismatch);
  CHECK(has(type.what(), "float32 ('<f4'), not float64 ('<f8')"));
  CHECK(type.subject() == segment->name());
  const auto rank = error_of(
      [&] { tessera::detail::check_in_place(*segment, tessera::dtype_of<float>(), 3, 4); });
  CHECK(rank.errc() == Errc::rank_mismatch);
  CHECK(has(rank.what(), "it has 2 axes, shape (2, 3), not 3"));
  const auto shape = error_of([&] {
    tessera::detail::check_shape(*segment, std::array<std::size_t, 2>{3, 2});
  });
  CHECK(shape.errc() == Errc::shape_mismatch);
  CHECK(has(shape.what(), "(2, 3), not (3, 2)"));
  tessera::detail::check_in_place(*segment, tessera::dtype_of<float>(), 2, 4);
  tessera::detail::check_shape(*segment, std::array<std::size_t, 2>{2, 3});
}

TEST_CASE(
    "data that an element type can't be aligned to is refused in place, with advice to load") {
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

TEST_CASE("a load that fails leaves no name and no memory") {
  const Folder folder;
  const auto name = unique_name();
  write_file(folder.file("a.npy"), "not an array");
  CHECK(error_of([&] {
          tessera::detail::load(folder.file("a.npy"), SegmentName(name), tessera::dtype_of<int>(),
                                1, Permission::owner);
        }).errc() == Errc::not_an_array);
  CHECK_FALSE(exists(shm_path(name)));
}

TEST_CASE(
    "every file that NumPy writes is loaded right: types, byte orders, axis orders, versions") {
  const Folder own;
  std::string folder = own.file("");
  if (const char* const there = std::getenv("TESSERA_TEST_NUMPY_FILES")) {
    folder = there + std::string("/");  // a program of another system can't start Python
  } else {
    REQUIRE(has_python());  // install python3-numpy, or set TESSERA_PYTHON for CMake
    const std::string command = "'" TESSERA_TEST_PYTHON "' '" TESSERA_TEST_DIR
                                "/numpy/make_files.py' '" +
                                folder + "' 2>'" + folder + "words'";
    REQUIRE(std::system(command.c_str()) == 0);
  }
  std::ifstream manifest(folder + "manifest.txt");
  int files = 0;
  for (std::string line; std::getline(manifest, line); ++files) {
    INFO(line);
    std::istringstream words(line);
    std::string file;
    char kind = 0;
    std::size_t size = 0, rank = 0;
    words >> file >> kind >> size >> rank;
    std::vector<std::size_t> shape(rank);
    for (auto& extent : shape) words >> extent;
    REQUIRE(words);
    const auto load = [&]<class T>(T) { loads_right<T>(folder + file, file, shape); };
    switch (kind) {
      case 'b': load(bool()); break;
      case 'i':
        size == 1   ? load(std::int8_t())
        : size == 2 ? load(std::int16_t())
        : size == 4 ? load(std::int32_t())
                    : load(std::int64_t());
        break;
      case 'u':
        size == 1   ? load(std::uint8_t())
        : size == 2 ? load(std::uint16_t())
        : size == 4 ? load(std::uint32_t())
                    : load(std::uint64_t());
        break;
      case 'f': size == 4 ? load(float()) : load(double()); break;
      case 'c': size == 8 ? load(std::complex<float>()) : load(std::complex<double>()); break;
      default: load(Sample()); break;
    }
  }
  CHECK(files > 200);
}

namespace {

/// An .npy file of bools of this shape with these bytes.
std::string bools(const std::vector<std::size_t>& shape, const std::string& bytes,
                  bool fortran_order = false) {
  return tessera::npy::encode(tessera::dtype_of<bool>(), shape, fortran_order) + bytes;
}

}  // namespace

TEST_CASE("a file's bools that are neither 0 nor 1 are made 1 by load") {
  const Folder folder;
  write_file(folder.file("c.npy"), bools({2, 3}, std::string("\0\2\xff\1\0\x80", 6)));
  const auto c = tessera::SharedArray<bool, 2>::load(folder.file("c.npy"));
  const auto* bytes = reinterpret_cast<const unsigned char*>(c.data());
  CHECK(std::vector<int>(bytes, bytes + 6) == std::vector<int>{0, 1, 1, 1, 0, 1});
  write_file(folder.file("f.npy"), bools({2, 3}, std::string("\0\2\xff\1\0\x80", 6), true));
  const auto f = tessera::SharedArray<const bool, 2>::load(folder.file("f.npy"));
  bytes = reinterpret_cast<const unsigned char*>(f.data());
  CHECK(std::vector<int>(bytes, bytes + 6) == std::vector<int>{0, 1, 0, 1, 1, 1});
}

TEST_CASE("bools that are neither 0 nor 1 are not mapped in place") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  write_file(path, bools({2, 3}, std::string("\0\1\1\1\0\2", 6)));
  const auto error = error_of([&] { tessera::SharedArray<const bool, 2>::map_file(path); });
  CHECK(error.errc() == Errc::type_mismatch);
  CHECK(has(error.what(), "element (1, 2)"));
  CHECK(has(error.what(), "load()"));
  write_file(path, bools({2, 3}, std::string("\0\1\1\1\0\1", 6)));
  CHECK(tessera::SharedArray<const bool, 2>::map_file(path)(1, 2));
}

TEST_CASE("an array whose bools are neither 0 nor 1 is not attached") {
  const auto name = unique_name();
  auto owner = tessera::SharedArray<bool, 1>::create(name, {1000});
  CHECK_NOTHROW(tessera::SharedArray<bool, 1>::attach(name));
  reinterpret_cast<unsigned char*>(owner.data())[700] = 200;  // as another language may
  const auto error = error_of([&] { tessera::SharedArray<const bool, 1>::attach(name); });
  CHECK(error.errc() == Errc::type_mismatch);
  CHECK(has(error.what(), "element (700,)"));
}
