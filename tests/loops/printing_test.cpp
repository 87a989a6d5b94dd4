// Tests of loops/printing.hpp: what std::ostream << array writes where a program does not include
// xtensor's xio.hpp.
#include <tessera/loops/printing.hpp>

#include <cstdint>
#include <sstream>
#include <string>

#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"

using tessera::SharedArray;

namespace {

template <class E>
std::string printed(E&& expression) {
  std::ostringstream out;
  out << expression;
  return out.str();
}

/// Has an operator of its own, and is not complete where it is printed.
struct DeclaredOnly;
DeclaredOnly& declared_only();
std::ostream& operator<<(std::ostream& out, const DeclaredOnly&) { return out << '?'; }

}  // namespace

TEST_CASE("an array is printed as nested braces, a row on a line") {
  auto a = SharedArray<int, 2>::create({2, 3});
  for (int k = 0; k < 6; ++k) a.flat(static_cast<std::size_t>(k)) = k - 1;
  CHECK(printed(a) == "{{-1, 0, 1},\n {2, 3, 4}}");
  CHECK(printed(SharedArray<const int, 2>::attach(a.name())) == printed(a));
  auto b = SharedArray<double, 3>::create({2, 2, 1});
  b = 0.5;
  CHECK(printed(b) == "{{{0.5},\n  {0.5}},\n {{0.5},\n  {0.5}}}");
}

TEST_CASE("views, expressions and reductions of arrays are printed by their values") {
  auto a = SharedArray<int, 2>::create({2, 2});
  a = 3;
  CHECK(printed(xt::view(a, 0)) == "{3, 3}");
  CHECK(printed(a + 1) == "{{4, 4},\n {4, 4}}");
  CHECK(printed(xt::sum(a)) == "12");
  CHECK(printed(xt::equal(a, 3)) == "{{true, true},\n {true, true}}");
}

TEST_CASE("elements of one byte are printed as numbers") {
  auto a = SharedArray<std::uint8_t, 1>::create({2});
  a = 65;
  CHECK(printed(a) == "{65, 65}");
}

TEST_CASE("arrays of more than 1000 elements are printed by the ends of their axes") {
  auto a = SharedArray<int, 2>::create({101, 10});
  for (std::size_t k = 0; k < a.size(); ++k) a.flat(k) = static_cast<int>(k);
  const auto text = printed(a);
  CHECK(text.substr(0, text.find('\n')) == "{{0, 1, 2, ..., 7, 8, 9},");
  CHECK(text.substr(text.rfind('\n')) == "\n {1000, 1001, 1002, ..., 1007, 1008, 1009}}");
  CHECK(text.find("},\n ...,\n {980, ") != std::string::npos);
}

TEST_CASE("an array of no elements is printed as braces") {
  CHECK(printed(SharedArray<int, 1>::create({0})) == "{}");
  CHECK(printed(SharedArray<int, 2>::create({2, 0})) == "{{},\n {}}");
}

TEST_CASE("a stream's precision holds for each element") {
  auto a = SharedArray<double, 1>::create({2});
  a = 1.0 / 3;
  std::ostringstream out;
  out.precision(2);
  out << a;
  CHECK(out.str() == "{0.33, 0.33}");
}

TEST_CASE("results of jobs are printed where the namespace is used") {
  using namespace tessera;
  std::ostringstream out;
  out << xt::xtensor<int, 1>{1, 2};
  CHECK(out.str() == "{1, 2}");
}

TEST_CASE("what is no array is printed as ever where the namespace is used") {
  using namespace tessera;
  std::ostringstream out;
  out << 1 << "a" << std::string("b") << declared_only();
  CHECK(out.str() == "1ab?");
}

namespace {

struct DeclaredOnly {};
DeclaredOnly& declared_only() {
  static DeclaredOnly one;
  return one;
}

}  // namespace
