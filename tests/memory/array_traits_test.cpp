#include <tessera/memory/array_traits.hpp>

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::SharedArray;

#if defined(TESSERA_POSIX)  // the name stays with the mapping
TEST_CASE("a view keeps the mapping alive after its array's end, and the name is gone") {
  const auto name = unique_name();
  auto a = std::make_unique<SharedArray<int, 2>>(SharedArray<int, 2>::create(name, {2, 3}));
  (*a)(1, 2) = 5;
  auto view = xt::view(*a, 1, xt::all());
  auto sum = *a + 1;
  a.reset();
  CHECK_FALSE(exists(shm_path(name)));
  CHECK(view(2) == 5);
  view(0) = 3;
  CHECK(sum(1, 2) == 6);
  CHECK(sum(1, 0) == 4);
}
#endif

TEST_CASE("a view follows its elements when the array is moved or swapped") {
  auto a = SharedArray<int, 1>::create({3}), other = SharedArray<int, 1>::create({3});
  auto view = xt::view(a, xt::range(1, 3));
  auto b = std::move(a);
  swap(b, other);
  view(0) = 9;
  CHECK(other(1) == 9);
  CHECK(b(1) == 0);
}

TEST_CASE("a mapping ends with the last of its array, views and expressions") {
  auto a = std::make_unique<SharedArray<int, 2>>(SharedArray<int, 2>::create({2, 3}));
  const void* const element = a->data();
  {
    const auto view = xt::view(*a, 1);
    a.reset();
    CHECK(is_mapped(element));
  }
  CHECK_FALSE(is_mapped(element));
}

TEST_CASE("a view of a const array reads, and a view of an array writes through") {
  auto a = SharedArray<int, 2>::create({2, 3});
  xt::view(a, xt::all(), 1) = 4;
  xt::view(a, 0) += 1;
  CHECK(std::vector<int>(a.begin(), a.end()) == std::vector<int>{1, 5, 1, 0, 4, 0});
  const auto& constant = a;
  CHECK(xt::view(constant, 0, 1)() == 5);
  const auto attached = SharedArray<const int, 2>::attach(a.name());
  CHECK(xt::sum(xt::view(attached, xt::all(), 1))() == 9);
}

TEST_CASE("an expression stores an array that can be copied, and a const one only to read") {
  using Stored = xtl::const_closure_type_t<SharedArray<int, 2>&>;
  STATIC_REQUIRE(std::is_copy_constructible_v<Stored>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<SharedArray<int, 2>>);
  STATIC_REQUIRE(
      std::is_same_v<Stored, SharedArray<const int, 2, tessera::detail::Holder::expression>>);
  STATIC_REQUIRE(std::is_same_v<xtl::closure_type_t<SharedArray<int, 2>&>,
                                SharedArray<int, 2, tessera::detail::Holder::expression>>);
}
