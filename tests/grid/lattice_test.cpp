// Tests of grid/lattice.hpp: whether two evenly spaced sets meet, against sets written out.

#include <tessera/grid/lattice.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using tessera::meet;
using tessera::Progression;

namespace {

std::set<std::int64_t> members(const Progression& p) {
  std::set<std::int64_t> out;
  for (std::int64_t i = 0; i < p.count; ++i) out.insert(p.start + i * p.step);
  return out;
}

bool share_a_member(const Progression& a, const Progression& b) {
  const auto in_a = members(a);
  const auto in_b = members(b);
  return std::any_of(in_a.begin(), in_a.end(), [&](auto x) { return in_b.count(x) != 0; });
}

std::string show(const Progression& p) {
  std::ostringstream out;
  out << "(" << p.start << ", count " << p.count << ", step " << p.step << ")";
  return out.str();
}

Progression random_progression(std::mt19937& random, int most_start, int most_count,
                               int most_step) {
  const auto below = [&random](int most) {
    return std::uniform_int_distribution<std::int64_t>(0, most)(random);
  };
  return {below(most_start), below(most_count), 1 + below(most_step - 1)};
}

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("progressions meet exactly if they share a member") {
  std::mt19937 random(20240901);
  int met = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto a = random_progression(random, 40, 8, 12);
    const auto b = random_progression(random, 40, 8, 12);
    const bool truth = share_a_member(a, b);
    met += truth ? 1 : 0;
    if (meet(a, b) != truth) FAIL(show(a) << " and " << show(b) << ": expected " << truth);
  }
  CHECK(met > 2000);  // both answers were asked for often
  CHECK(met < 18000);
}

TEST_CASE("every pair of small progressions is answered right") {
  std::vector<Progression> all;
  for (std::int64_t start = 0; start < 5; ++start)
    for (std::int64_t count = 0; count < 4; ++count)
      for (std::int64_t step = 1; step < 6; ++step) all.push_back({start, count, step});
  for (const auto& a : all)
    for (const auto& b : all)
      if (meet(a, b) != share_a_member(a, b)) FAIL(show(a) << " and " << show(b));
}

TEST_CASE("meeting does not depend on which progression is named first") {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    const auto a = random_progression(random, 1000000, 3000, 5000);
    const auto b = random_progression(random, 1000000, 3000, 5000);
    if (meet(a, b) != meet(b, a)) FAIL(show(a) << " and " << show(b));
  }
}

TEST_CASE("a progression that has a member meets itself") {
  CHECK(meet({3, 5, 4}, {3, 5, 4}));
  CHECK(meet({3, 1, huge}, {3, 1, huge}));
}

TEST_CASE("a progression without members meets nothing, itself included") {
  const Progression empty{3, 0, 2};
  CHECK_FALSE(meet(empty, empty));
  CHECK_FALSE(meet(empty, {0, 10, 1}));
  CHECK_FALSE(meet({0, 10, 1}, empty));
}

TEST_CASE("interleaved progressions of one step do not meet") {
  CHECK_FALSE(meet({0, 100, 2}, {1, 100, 2}));
  CHECK(meet({0, 100, 2}, {198, 100, 2}));
  CHECK_FALSE(meet({0, 100, 2}, {200, 100, 2}));
}

TEST_CASE("progressions that would only meet past the end of one do not meet") {
  // 0, 7, 14, ... and 3, 8, 13, ...: first common member 28.
  CHECK_FALSE(meet({0, 4, 7}, {3, 100, 5}));
  CHECK(meet({0, 5, 7}, {3, 100, 5}));
}

TEST_CASE("a step as large as the type is no overflow") {
  CHECK_FALSE(meet({0, 1, huge}, {5, 3, 1}));
  CHECK(meet({6, 1, huge}, {5, 3, 1}));
  CHECK(meet({5, 3, 1}, {6, 1, huge}));
  CHECK(meet({0, 2, huge}, {huge - 4, 5, 1}));
  CHECK(meet({0, 2, huge}, {1, 2, huge - 1}));
  CHECK_FALSE(meet({2, 1, huge}, {1, 2, huge - 1}));
}

TEST_CASE("steps far larger than the axis are answered at once") {
  // A walk over one period of the larger step would take hours.
  CHECK_FALSE(meet({0, huge / 2, 2}, {1, 2, huge / 2 + 1}));
  CHECK_FALSE(meet({1, 2, huge / 2 + 1}, {0, huge / 2, 2}));
  CHECK(meet({0, huge, 1}, {12345, 3, huge / 4}));
}

TEST_CASE("products of progressions meet exactly if they share an element") {
  std::mt19937 random(99);
  int met = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::size_t rank = 1 + static_cast<std::size_t>(round % 4);
    std::vector<Progression> a, b;
    bool truth = true;
    for (std::size_t d = 0; d < rank; ++d) {
      a.push_back(random_progression(random, 12, 6, 4));
      b.push_back(random_progression(random, 12, 6, 4));
      // An element is shared if and only if each of its coordinates is, axis by axis.
      truth = truth && share_a_member(a[d], b[d]);
    }
    met += truth ? 1 : 0;
    if (meet(a, b) != truth) {
      for (std::size_t d = 0; d < rank; ++d) UNSCOPED_INFO(show(a[d]) << " and " << show(b[d]));
      FAIL("expected " << truth);
    }
  }
  CHECK(met > 1000);
}

TEST_CASE("products of two axes meet exactly if a list of their elements does") {
  std::mt19937 random(5);
  const auto elements = [](const std::vector<Progression>& p) {
    std::set<std::pair<std::int64_t, std::int64_t>> out;
    for (const auto i : members(p[0]))
      for (const auto j : members(p[1])) out.insert({i, j});
    return out;
  };
  for (int round = 0; round < 1000; ++round) {
    const std::vector<Progression> a{random_progression(random, 9, 4, 4),
                                     random_progression(random, 9, 4, 4)};
    const std::vector<Progression> b{random_progression(random, 9, 4, 4),
                                     random_progression(random, 9, 4, 4)};
    const auto in_a = elements(a);
    const auto in_b = elements(b);
    const bool truth =
        std::any_of(in_a.begin(), in_a.end(), [&](const auto& x) { return in_b.count(x) != 0; });
    if (meet(a, b) != truth) FAIL("round " << round << ": expected " << truth);
  }
}

TEST_CASE("the one element of a grid without axes is shared") {
  CHECK(meet(std::vector<Progression>{}, std::vector<Progression>{}));
}

TEST_CASE("meet is known at compile time") {
  STATIC_REQUIRE(meet(Progression{0, 10, 2}, Progression{4, 1, 1}));
  STATIC_REQUIRE_FALSE(meet(Progression{0, 10, 2}, Progression{5, 1, 1}));
}
