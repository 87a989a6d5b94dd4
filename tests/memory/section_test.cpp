#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include <tessera/memory/section.hpp>

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::Progression;
using tessera::SharedArray;
using tessera::Use;
using tessera::whole;

namespace {

using Random = std::mt19937;

int pick(Random& random, int lo, int hi) {
  return std::uniform_int_distribution<int>(lo, hi)(random);
}

/// The offsets, in elements, of all that a lattice says of a row-major array.
std::set<std::ptrdiff_t> members(const std::vector<Progression>& lattice,
                                 const std::vector<std::size_t>& array) {
  std::set<std::ptrdiff_t> out{0};
  for (std::size_t d = 0; d < lattice.size(); ++d) {
    std::set<std::ptrdiff_t> next;
    for (const auto base : out)
      for (std::int64_t i = 0; i < lattice[d].count; ++i)
        next.insert(base * static_cast<std::ptrdiff_t>(array[d]) + lattice[d].start +
                    i * lattice[d].step);
    out = std::move(next);
  }
  return out;
}

/// The offsets that a section's pointer, extents and strides lead to, in order.
template <class Section>
std::vector<std::ptrdiff_t> walk(const Section& section, const void* base) {
  std::vector<std::ptrdiff_t> out{section.data - static_cast<const int*>(base)};
  for (std::size_t d = 0; d < Section::rank; ++d) {
    std::vector<std::ptrdiff_t> next;
    for (const auto at : out)
      for (std::size_t i = 0; i < section.shape[d]; ++i)
        next.push_back(at + static_cast<std::ptrdiff_t>(i) * section.strides[d]);
    out = std::move(next);
  }
  return out;
}

/// What the section says of a view is what the view's own elements say.
template <class View>
void same_elements(View&& view, const SharedArray<int, 3>& array) {
  const auto section = into(view);
  std::vector<std::ptrdiff_t> expected;
  for (auto at = view.begin(); at != view.end(); ++at)
    expected.push_back(&*at - reinterpret_cast<const int*>(array.segment()->data()));
  REQUIRE(walk(section, array.segment()->data()) == expected);
  REQUIRE(std::equal(section.shape.begin(), section.shape.end(), view.shape().begin(),
                     view.shape().end()));
  REQUIRE(members(section.lattice(), array.segment()->header().shape) ==
          std::set<std::ptrdiff_t>(expected.begin(), expected.end()));
  for (const auto& progression : section.lattice())
    REQUIRE((progression.step >= 1 && progression.start >= 0));
  REQUIRE(section.segment == array.segment());
}

auto some_range(Random& random, std::size_t extent) {
  const int n = static_cast<int>(extent);
  const int a = pick(random, 0, n), b = pick(random, 0, n);
  int step = pick(random, 1, 4);
  if (pick(random, 0, 4) == 0 && n > 0)
    return xt::range(std::max(a, b) - (std::max(a, b) == n ? 1 : 0),
                     std::min(a, b) - 1 < 0 ? 0 : std::min(a, b) - 1, -step);
  return xt::range(std::min(a, b), std::max(a, b), step);
}

}  // namespace

TEST_CASE(
    "a section of a random view has exactly the view's elements, in place and in its lattice") {
  Random random(11);
  for (int round = 0; round < 400; ++round) {
    std::array<std::size_t, 3> shape{};
    for (auto& extent : shape) extent = static_cast<std::size_t>(pick(random, 1, 7));
    auto array = SharedArray<int, 3>::create(shape);
    const auto r = [&](std::size_t d) { return some_range(random, shape[d]); };
    const auto i = [&](std::size_t d) { return pick(random, 0, static_cast<int>(shape[d]) - 1); };
    same_elements(xt::view(array, r(0), r(1), r(2)), array);
    same_elements(xt::view(array, i(0), r(1), r(2)), array);
    same_elements(xt::view(array, r(0), i(1), r(2)), array);
    same_elements(xt::view(array, r(0), r(1), i(2)), array);
    same_elements(xt::view(array, i(0), r(1), i(2)), array);
    same_elements(xt::view(array, i(0), i(1)), array);
    same_elements(xt::view(array, xt::all(), i(1)), array);
    same_elements(xt::view(array, r(0)), array);
    same_elements(xt::view(array, i(0), i(1), i(2)), array);
    same_elements(xt::view(array, r(0), xt::newaxis(), i(1), xt::all()), array);
  }
}

TEST_CASE("two sections meet exactly if their views share an element") {
  Random random(12);
  for (int round = 0; round < 600; ++round) {
    std::array<std::size_t, 3> shape{};
    for (auto& extent : shape) extent = static_cast<std::size_t>(pick(random, 1, 9));
    auto array = SharedArray<int, 3>::create(shape);
    const auto r = [&](std::size_t d) { return some_range(random, shape[d]); };
    const auto one = into(xt::view(array, r(0), r(1), r(2)));
    const auto two =
        into(xt::view(array, pick(random, 0, static_cast<int>(shape[0]) - 1), r(1), r(2)));
    const auto a = walk(one, nullptr), b = walk(two, nullptr);
    const bool share = std::any_of(
        a.begin(), a.end(), [&](auto at) { return std::find(b.begin(), b.end(), at) != b.end(); });
    REQUIRE(tessera::meet(one.lattice(), two.lattice()) == share);
  }
}

TEST_CASE("a whole array is the section of all its elements") {
  auto array = SharedArray<int, 3>::create({2, 3, 4});
  same_elements(array, array);
  CHECK(into(array).lattice() == std::vector<Progression>{{0, 2, 1}, {0, 3, 1}, {0, 4, 1}});
}

TEST_CASE("sections without elements meet nothing") {
  auto array = SharedArray<int, 3>::create({2, 3, 4});
  const auto none = into(xt::view(array, xt::range(1, 1)));
  CHECK(none.shape[0] == 0);
  CHECK_FALSE(tessera::meet(none.lattice(), into(array).lattice()));
  auto empty = SharedArray<int, 3>::create({2, 0, 4});
  CHECK_FALSE(tessera::meet(into(empty).lattice(), into(empty).lattice()));
}

TEST_CASE("a section of an array of rank 0 is its element") {
  auto array = SharedArray<int, 0>::create({});
  array() = 5;
  const auto section = into(array);
  CHECK(*section.data == 5);
  CHECK(section.lattice().empty());
  CHECK(tessera::meet(section.lattice(), into(array).lattice()));
}

TEST_CASE("into writes, whole and bare arrays are const") {
  auto array = SharedArray<int, 1>::create({3});
  const auto constant = SharedArray<const int, 1>::attach(array.name());
  const auto write = into(array);
  const auto all = whole(array);
  const auto all_of_constant = whole(xt::view(constant, xt::range(0, 2)));
  const auto read = tessera::detail::section_of<Use::read>(array);
  static_assert(std::is_same_v<decltype(write.data), int*>);
  static_assert(std::is_same_v<decltype(all.data), const int*>);
  static_assert(std::is_same_v<decltype(all_of_constant.data), const int*>);
  static_assert(std::is_same_v<decltype(read.data), const int*>);
  static_assert(decltype(write)::use == Use::write && decltype(all)::use == Use::whole);
  *write.data = 4;
  CHECK(*all.data == 4);
}

TEST_CASE("a section keeps the mapping of an array that has ended") {
  auto array = SharedArray<int, 1>::create({3});
  array(1) = 6;
  const auto section = into(xt::view(array, xt::range(1, 3)));
  array = SharedArray<int, 1>();
  CHECK(*section.data == 6);
  CHECK(section.segment->ended());
}

TEST_CASE("a moved-from array is no argument") {
  auto array = SharedArray<int, 1>::create({3});
  const auto moved = std::move(array);
  const auto error = error_of([&] { into(array); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "moved from"));
}

TEST_CASE("a section that reaches outside its array is refused") {
  auto a = SharedArray<int, 3>::create({5, 4, 3});
  const auto refused = [](auto&& make) { return error_of(make).errc() == Errc::invalid_shape; };
  CHECK(refused([&] { into(xt::view(a, 5, xt::all(), xt::all())); }));
  CHECK(refused([&] { into(xt::view(a, 400, 0, 0)); }));
  CHECK(refused([&] { whole(xt::view(a, 4, 4, 0)); }));
  into(xt::view(a, 4, 3, 2));
}

TEST_CASE("an index into an axis of extent 0 is refused") {
  auto a = SharedArray<int, 2>::create({0, 4});
  CHECK(error_of([&] { into(xt::view(a, 0, xt::all())); }).errc() == Errc::invalid_shape);
}
