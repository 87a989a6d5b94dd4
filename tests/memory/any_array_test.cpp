// Arrays whose type a program learns when it runs.
#include <tessera/memory/any_array.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::AnyArray;
using tessera::Elements;
using tessera::Errc;
using tessera::Published;
using tessera::Ranks;
using tessera::SharedArray;

namespace {

SharedArray<float, 2> sample() {
  return SharedArray<float, 2>::copy_of(xt::xtensor<float, 2>{{1, 2, 3}, {4, 5, 6}});
}

/// The name of an element type, and its rank, as visit() finds them.
template <class T, std::size_t N>
std::string what(const SharedArray<const T, N>& array) {
  return tessera::dtype_of<T>().to_string() + " " + std::to_string(N) + " " +
         std::to_string(array.size());
}

}  // namespace

TEST_CASE("an array tells its type, shape and size before anybody names them") {
  auto a = sample();
  a.publish(4);
  const auto any = AnyArray::attach(a.name());
  CHECK(any.dtype() == tessera::dtype_of<float>());
  CHECK(any.shape() == std::vector<std::size_t>{2, 3});
  CHECK(any.dimension() == 2);
  CHECK(any.size() == 6);
  CHECK(any.bytes() == 24);
  CHECK(any.name() == a.name());
  CHECK(any.path() == a.path());
  CHECK(any.published() == 4);
  CHECK(any.wait_published(4, 0ns) == Published::timed_out);
}

TEST_CASE("as gives the same memory with its type, and an Error that names both sides") {
  auto a = sample();
  const auto any = AnyArray::attach(a.name());
  CHECK(any.is<float, 2>());
  CHECK_FALSE(any.is<double, 2>());
  CHECK_FALSE(any.is<float, 3>());
  const auto typed = any.as<float, 2>();
  STATIC_REQUIRE(std::is_same_v<decltype(any.as<float, 2>()), SharedArray<const float, 2>>);
  STATIC_REQUIRE(std::is_same_v<decltype(any.as<const float, 2>()), SharedArray<const float, 2>>);
  a(1, 2) = 60.0F;
  CHECK(typed(1, 2) == 60.0F);
  const auto type = error_of([&] { any.as<double, 2>(); });
  CHECK(type.errc() == Errc::type_mismatch);
  CHECK(has(type.what(), "float32 ('<f4'), not float64 ('<f8')"));
  CHECK(error_of([&] { any.as<float, 3>(); }).errc() == Errc::rank_mismatch);
}

TEST_CASE("visit calls its function with what the array is, and returns what that returns") {
  const auto floats = sample();
  const auto integers = SharedArray<std::int16_t, 1>::create({5});
  const auto bools = SharedArray<bool, 3>::create({1, 2, 3});
  const auto visited = [](const std::string& name) {
    return AnyArray::attach(name).visit([](const auto& array) { return what(array); });
  };
  CHECK(visited(floats.name()) == "'<f4' 2 6");
  CHECK(visited(integers.name()) == "'<i2' 1 5");
  CHECK(visited(bools.name()) == "'|b1' 3 6");
}

TEST_CASE("visit is for the types and the numbers of axes that it is given") {
  const auto a = sample();
  const auto any = AnyArray::attach(a.name());
  double sum = 0;
  any.visit<Elements<double, float>, Ranks<2>>([&](const auto& x) { sum = xt::sum(x)(); });
  CHECK(sum == 21.0);
  const auto error =
      error_of([&] { any.visit<Elements<double, std::int32_t>, Ranks<1, 2>>([](const auto&) {}); });
  CHECK(error.errc() == Errc::type_mismatch);
  CHECK(has(error.what(), "it is float32 ('<f4') with 2 axes"));
  CHECK(has(error.what(), "for float64 ('<f8'), int32 ('<i4') with 1, 2 axes"));
  CHECK(error_of([&] { any.visit<Elements<float>, Ranks<3>>([](const auto&) {}); }).errc() ==
        Errc::type_mismatch);
}

TEST_CASE("what the function throws comes out of visit") {
  const auto a = sample();
  const auto any = AnyArray::attach(a.name());
  CHECK_THROWS_AS(any.visit([](const auto&) { throw std::out_of_range("mine"); }),
                  std::out_of_range);
}

TEST_CASE("a file on disk is mapped in place, or loaded in this machine's order") {
  const Folder folder;
  const auto path = folder.file("x.npy");
  sample().save(path);
  CHECK(AnyArray::map_file(path).as<float, 2>()(1, 0) == 4.0F);
  // In the other byte order and Fortran order.
  std::string header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }";
  header.resize(117, ' ');
  write_file(path, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" +
                       std::string("\0\1\0\4\0\2\0\5\0\3\0\6", 12));
  const auto mapped = AnyArray::map_file(path);
  CHECK(mapped.is<std::int16_t, 2>());
  CHECK(has(error_of([&] { mapped.as<std::int16_t, 2>(); }).what(), "load() converts it"));
  const auto loaded = AnyArray::load(path).as<std::int16_t, 2>();
  CHECK(xt::all(xt::equal(loaded, xt::xtensor<int, 2>{{1, 2, 3}, {4, 5, 6}})));
}

TEST_CASE("a loaded array has its name until the AnyArray and all made of it have ended") {
  const Folder folder;
  const auto path = folder.file("x.npy");
  sample().save(path);
  const auto name = unique_name();
  {
    const auto any = AnyArray::load(name, path);
    { const auto typed = any.as<float, 2>(); }
    any.visit([](const auto&) {});
    CHECK(exists(shm_path(name)));
  }
  CHECK(goes(shm_path(name)));
  {
    auto any = std::make_unique<AnyArray>(AnyArray::load(name, path));
    auto first = std::make_unique<SharedArray<const float, 2>>(any->as<float, 2>());
    const auto second = any->as<float, 2>();
    any.reset();
    first.reset();
    CHECK(exists(shm_path(name)));
    CHECK(second(1, 1) == 5.0F);
  }
  CHECK(goes(shm_path(name)));
  {
    auto typed = AnyArray::load(name, path).as<float, 2>();
    CHECK(exists(shm_path(name)));
    CHECK(typed(0, 2) == 3.0F);
  }
  CHECK(goes(shm_path(name)));
}

TEST_CASE("an attached array never removes the name") {
  const auto a = sample();
  {
    const auto any = AnyArray::attach(a.name());
    const auto typed = any.as<float, 2>();
  }
  CHECK(exists(shm_path(a.name())));
}

TEST_CASE("an AnyArray that was moved from says so") {
  const auto a = sample();
  auto any = AnyArray::attach(a.name());
  const auto other = std::move(any);
  CHECK(other.size() == 6);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
  CHECK(has(error_of([&] { static_cast<void>(any.size()); }).what(), "it holds no array"));
}

TEST_CASE("what is not there, or is no array, is refused as by attach") {
  CHECK(error_of([] { AnyArray::attach(unique_name()); }).errc() == Errc::name_missing);
  CHECK(error_of([] { AnyArray::attach(unique_name(), 5ms); }).errc() == Errc::timed_out);
  CHECK(error_of([] { AnyArray::attach("no/name"); }).errc() == Errc::invalid_name);
  const Folder folder;
  write_file(folder.file("x.npy"), "garbage");
  CHECK(error_of([&] { AnyArray::map_file(folder.file("x.npy")); }).errc() == Errc::not_an_array);
  CHECK(error_of([&] { AnyArray::load(folder.file("y.npy")); }).errc() == Errc::name_missing);
}
