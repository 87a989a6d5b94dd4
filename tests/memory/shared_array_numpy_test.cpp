#include "support/catch.hpp"

#include <complex>
#include <cstdint>
#include <string>
#include <vector>

#include <tessera/memory/shared_array.hpp>

#include "support/scene.hpp"

struct Wind {
  std::int8_t sector;
  double speed;
  float gusts[2];
};
TESSERA_FIELDS(Wind, sector, speed, gusts);

using namespace tessera_test;
using tessera::Errc;
using tessera::SharedArray;

namespace {

/// A Python program with these lines, after `import numpy as np`.
bool numpy(const std::string& lines) { return python("import numpy as np\n" + lines); }

/// Without Python nothing here can be shown: install python3-numpy, or set TESSERA_PYTHON for
/// CMake.
bool ready() {
  REQUIRE(has_python());
  return true;
}

template <class T>
void written_and_read(const std::string& type) {
  INFO(type);
  const auto name = unique_name();
  auto a = SharedArray<T, 2>::create(name, {2, 3});
  a(0, 1) = T(1);
  CHECK(numpy("a = np.load('" + a.path() + "', mmap_mode='r+')\n" + "assert a.dtype == '" + type +
              "' and a.shape == (2, 3), a\n" + "assert a[0, 1] == 1 and a[0, 0] == 0, a\n" +
              "a[1, 2] = 1\n"));
  CHECK(a(1, 2) == T(1));
  CHECK(exists(shm_path(name)));
}

}  // namespace

TEST_CASE("NumPy opens a live segment, writes to it, and its exit removes nothing") {
  if (!ready()) return;
  written_and_read<bool>("?");
  written_and_read<std::int16_t>("<i2");
  written_and_read<std::uint64_t>("<u8");
  written_and_read<float>("<f4");
  written_and_read<double>("<f8");
  written_and_read<std::complex<float>>("<c8");
}

TEST_CASE("NumPy sees the fields of a struct, its padding skipped") {
  if (!ready()) return;
  auto a = SharedArray<Wind, 1>::create({2});
  a(1) = {3, 2.5, {1, 2}};
  CHECK(numpy("a = np.load('" + a.path() + "', mmap_mode='r+')\n" +
              "assert a.dtype.itemsize == " + std::to_string(sizeof(Wind)) + "\n" +
              "assert a['sector'][1] == 3 and a['speed'][1] == 2.5, a\n"
              "assert list(a['gusts'][1]) == [1, 2], a\n"
              "a['speed'][0] = -1.5\n"));
  CHECK(a(0).speed == -1.5);
}

TEST_CASE("NumPy opens arrays of rank 0 and with zero extents") {
  if (!ready()) return;
  const auto zero = SharedArray<double, 2>::create({3, 0});
  const auto scalar = SharedArray<double, 0>::create({});
  CHECK(numpy("assert np.load('" + zero.path() + "', mmap_mode='r+').shape == (3, 0)\n" +
              "assert np.load('" + scalar.path() + "', mmap_mode='r+').shape == ()\n"));
}

TEST_CASE("NumPy reads what save and create_file write") {
  if (!ready()) return;
  const Folder folder;
  auto a = SharedArray<int, 2>::create({2, 3});
  a(1, 2) = 6;
  a.save(folder.file("a.npy"));
  SharedArray<float, 1>::create_file(folder.file("b.npy"), {4})(3) = 0.5f;
  CHECK(numpy("a = np.load('" + folder.file("a.npy") +
              "')\nassert a.shape == (2, 3) and a[1, 2] == 6\n" + "b = np.load('" +
              folder.file("b.npy") + "')\nassert list(b) == [0, 0, 0, 0.5]\n"));
}

TEST_CASE("what NumPy saved can be attached in the segment folder, and is never removed") {
  if (!ready()) return;
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  REQUIRE(numpy("np.save(open('" + shm_path(name) + "', 'wb'), np.arange(6.).reshape(2, 3))\n"));
  CHECK(SharedArray<double, 2>::attach(name)(1, 2) == 5);
  CHECK(error_of([&] { SharedArray<double, 2>::create(name, {1, 1}); }).errc() == Errc::name_taken);
  CHECK(error_of([&] { SharedArray<double, 2>::remove(name); }).errc() == Errc::not_permitted);
  CHECK(exists(shm_path(name)));
}

TEST_CASE("Fortran order and the other byte order are loaded right, and refused in place") {
  if (!ready()) return;
  const Folder folder;
  const auto f = folder.file("f.npy"), b = folder.file("b.npy"), both = folder.file("both.npy");
  REQUIRE(
      numpy("a = np.arange(24.).reshape(2, 3, 4)\n"
            "np.save('" +
            f +
            "', np.asfortranarray(a))\n"
            "np.save('" +
            b +
            "', a.astype('>f8'))\n"
            "np.save('" +
            both + "', np.asfortranarray(a.astype('>f8')))\n"));
  for (const auto& path : {f, b, both}) {
    const auto a = SharedArray<double, 3>::load(path);
    for (std::size_t i = 0; i < 24; ++i)
      CHECK(a(i / 12, i / 4 % 3, i % 4) == static_cast<double>(i));
    const auto error = error_of([&] { SharedArray<const double, 3>::map_file(path); });
    CHECK(error.errc() == Errc::type_mismatch);
    CHECK(has(error.what(), "load() converts it"));
    CHECK(has(error.what(), path == f ? "Fortran order" : "'>f8'), in the other byte order"));
    CHECK(error_of([&] { SharedArray<float, 3>::load(path); }).errc() == Errc::type_mismatch);
  }
}

TEST_CASE("structs with fields in the other byte order are loaded right") {
  if (!ready()) return;
  const Folder folder;
  const auto path = folder.file("s.npy");
  REQUIRE(
      numpy("t = np.dtype({'names': ['sector', 'speed', 'gusts'], 'formats': ['i1', '>f8', "
            "('>f4', 2)], 'offsets': [0, 8, 16], 'itemsize': 24})\n"
            "a = np.zeros(3, t)\na[2] = (4, 2.5, (1, -1))\nnp.save('" +
            path + "', a)\n"));
  const auto a = SharedArray<Wind, 1>::load(path);
  CHECK(a(2).sector == 4);
  CHECK(a(2).speed == 2.5);
  CHECK(a(2).gusts[1] == -1);
  CHECK(a(0).speed == 0);
}
