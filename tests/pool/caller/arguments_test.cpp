#include <cstddef>
#include <filesystem>
#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::full;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using tessera::whole;
using xt::all;
using xt::range;
using xt::view;

namespace {

const auto nothing = [](auto&&...) {};

/// The Error of a map with these arguments.
template <std::size_t R, class... Args>
tessera::Error refused(const std::size_t (&tile)[R], Args&&... arguments) {
  auto pool = TiledPool::in_caller();
  return error_of([&] { pool.map(tile, nothing, std::forward<Args>(arguments)...); });
}

/// The number of tiles of a map with these arguments.
template <std::size_t R, class... Args>
std::size_t tiles(const std::size_t (&tile)[R], Args&&... arguments) {
  auto pool = TiledPool::in_caller();
  pool.map(tile, nothing, std::forward<Args>(arguments)...);
  return pool.report().tiles;
}

}  // namespace

TEST_CASE("arguments line up by their trailing axes and missing axes serve every tile") {
  auto a = SharedArray<double, 3>::create({5, 6, 8});
  auto plane = SharedArray<float, 2>::create({6, 8});
  auto row = SharedArray<int, 1>::create({8});
  auto one = SharedArray<double, 0>::create({});
  REQUIRE(tiles({2, 3}, into(a), plane, row, one) == 9);
  REQUIRE(tiles({2, 3}, one, row, plane, into(a)) == 9);
  REQUIRE(tiles({2, 2, 3}, into(a), row) == 27);
  REQUIRE(tiles({3}, into(a), row) == 3);
}

TEST_CASE("an extent of 1 serves every tile along its axis") {
  auto a = SharedArray<double, 2>::create({6, 8});
  auto column = SharedArray<double, 2>::create({6, 1});
  auto row = SharedArray<double, 2>::create({1, 8});
  REQUIRE(tiles({1, 1}, into(a), column, row) == 48);
  REQUIRE(tiles({1, 1}, column, row) == 48);
}

TEST_CASE("arguments that do not line up are refused with both sides named") {
  auto a = SharedArray<double, 2>::create({6, 8});
  auto b = SharedArray<double, 2>::create({6, 7});
  const auto error = refused({2, 2}, into(a), b);
  REQUIRE(error.errc() == Errc::shape_mismatch);
  for (const auto& part : {a.name(), b.name(), std::string("(6, 8)"), std::string("(6, 7)"),
                           std::string("argument 0"), std::string("argument 1")})
    REQUIRE(has(error.what(), part));
}

TEST_CASE("axes that are not cut need not line up") {
  auto a = SharedArray<double, 3>::create({5, 6, 8});
  auto b = SharedArray<double, 3>::create({9, 6, 8});
  REQUIRE(tiles({2, 2}, into(a), b) == 12);
  REQUIRE(refused({1, 2, 2}, into(a), b).errc() == Errc::shape_mismatch);
}

TEST_CASE("a whole argument takes no part in lining up") {
  auto a = SharedArray<double, 2>::create({6, 8});
  auto table = SharedArray<double, 2>::create({3, 99});
  REQUIRE(tiles({2, 2}, into(a), whole(table)) == 12);
  REQUIRE(refused({2, 2}, into(a), table).errc() == Errc::shape_mismatch);
}

TEST_CASE("a job of whole arguments only is refused") {
  auto table = SharedArray<double, 2>::create({3, 99});
  REQUIRE(refused({2, 2}, whole(table)).errc() == Errc::invalid_argument);
}

TEST_CASE("an extent of zero lines up with itself and with one") {
  auto a = SharedArray<double, 2>::create({0, 8});
  auto row = SharedArray<double, 2>::create({1, 8});
  auto b = SharedArray<double, 2>::create({6, 8});
  REQUIRE(tiles({2, 2}, into(a), row) == 0);
  REQUIRE(refused({2, 2}, into(a), b).errc() == Errc::shape_mismatch);
  REQUIRE(refused({2, 2}, b, into(a)).errc() == Errc::shape_mismatch);
}

TEST_CASE("shifted views of one array are refused when one is written") {
  auto a = SharedArray<double, 2>::create({6, 8});
  const auto error =
      refused({2, 2}, into(view(a, range(0, 5), all())), view(a, range(1, 6), all()));
  REQUIRE(error.errc() == Errc::overlap);
  REQUIRE(has(error.what(), a.name()));
  REQUIRE(refused({2, 2}, view(a, all(), range(1, 7)), into(view(a, all(), range(0, 6)))).errc() ==
          Errc::overlap);
  REQUIRE(refused({2, 2}, into(view(a, range(0, 5), all())), into(view(a, range(1, 6), all())))
              .errc() == Errc::overlap);
}

TEST_CASE("shifted views of one array that are only read line up") {
  auto a = SharedArray<double, 2>::create({6, 8});
  auto out = SharedArray<double, 2>::create({4, 6});
  const auto middle = range(1, 5), left = range(1, 7);
  static_cast<void>(middle);
  static_cast<void>(left);
  REQUIRE(tiles({2, 2}, into(out), view(a, range(0, 4), range(1, 7)),
                view(a, range(2, 6), range(1, 7)), view(a, range(1, 5), range(0, 6)),
                view(a, range(1, 5), range(2, 8))) == 6);
}

TEST_CASE("the very same section may be read and written") {
  auto a = SharedArray<double, 2>::create({6, 8});
  REQUIRE(tiles({2, 2}, into(a), a) == 12);
  REQUIRE(tiles({2, 2}, into(view(a, range(1, 5), all())), view(a, range(1, 5), all())) == 8);
}

TEST_CASE("an array that is written is refused as a whole argument too") {
  auto a = SharedArray<double, 2>::create({6, 8});
  REQUIRE(refused({2, 2}, into(a), whole(a)).errc() == Errc::overlap);
  REQUIRE(refused({2, 2}, into(view(a, range(0, 2), all())), whole(view(a, range(1, 3), all())))
              .errc() == Errc::overlap);
  REQUIRE(tiles({2, 2}, into(view(a, range(0, 2), all())), whole(view(a, range(2, 6), all()))) ==
          4);
}

TEST_CASE("sections of one array that interleave without a common element may be written") {
  auto a = SharedArray<double, 2>::create({6, 8});
  REQUIRE(tiles({2, 2}, into(view(a, all(), range(0, 8, 2))), view(a, all(), range(1, 8, 2))) == 6);
  REQUIRE(tiles({2, 2}, into(view(a, all(), range(0, 8, 2))),
                into(view(a, all(), range(1, 8, 2)))) == 6);
  REQUIRE(
      refused({2, 2}, into(view(a, all(), range(0, 8, 2))), view(a, all(), range(0, 4))).errc() ==
      Errc::overlap);
}

TEST_CASE("a section read backwards is not the very same section") {
  auto a = SharedArray<double, 1>::create({8});
  REQUIRE(refused({2}, into(a), view(a, range(7, xt::placeholders::_, -1))).errc() ==
          Errc::overlap);
}

TEST_CASE("a diagonal of blocks may be written next to a block that it does not touch") {
  auto a = SharedArray<double, 2>::create({8, 8});
  REQUIRE(tiles({2, 2}, into(view(a, range(0, 4), range(0, 4))),
                view(a, range(4, 8), range(4, 8))) == 4);
  REQUIRE(tiles({2, 2}, into(view(a, range(0, 4), range(4, 8))),
                into(view(a, range(0, 4), range(0, 4)))) == 4);
}

TEST_CASE("two attachments of one array are known to be the same memory") {
  auto a = SharedArray<double, 2>::create({6, 8});
  auto b = SharedArray<double, 2>::attach(a.name());
  const auto c = SharedArray<const double, 2>::attach(a.name());
  REQUIRE(refused({2, 2}, into(view(a, range(0, 5), all())), view(b, range(1, 6), all())).errc() ==
          Errc::overlap);
  REQUIRE(refused({2, 2}, into(view(b, range(0, 5), all())), view(c, range(1, 6), all())).errc() ==
          Errc::overlap);
  REQUIRE(refused({2, 2}, into(b), whole(c)).errc() == Errc::overlap);
  REQUIRE(tiles({2, 2}, into(a), c) == 12);
}

TEST_CASE("two mappings of one file are known to be the same memory") {
  const Folder folder;
  auto a = SharedArray<double, 1>::create_file(folder.file("a.npy"), {8});
  auto b = SharedArray<double, 1>::map_file(folder.file("a.npy"));
  REQUIRE(refused({2}, into(view(a, range(0, 7))), view(b, range(1, 8))).errc() == Errc::overlap);
}

TEST_CASE("an output that lacks a cut axis is refused") {
  auto a = SharedArray<double, 3>::create({5, 6, 8});
  auto plane = SharedArray<double, 2>::create({6, 8});
  auto column = SharedArray<double, 2>::create({6, 1});
  const auto error = refused({1, 2, 2}, into(plane), a);
  REQUIRE(error.errc() == Errc::overlap);
  REQUIRE(has(error.what(), plane.name()));
  REQUIRE(refused({2, 2}, into(column), plane).errc() == Errc::overlap);
  REQUIRE(tiles({full, 2, 2}, into(plane), a) == 12);
  REQUIRE(tiles({2, full}, into(column), plane) == 3);
  REQUIRE(tiles({2, 2}, into(plane), a) == 12);
}

TEST_CASE("full is the whole axis and so is a tile larger than the axis") {
  auto a = SharedArray<double, 2>::create({6, 8});
  REQUIRE(tiles({full, 3}, into(a)) == 3);
  REQUIRE(tiles({100, 3}, into(a)) == 3);
  REQUIRE(tiles({full, full}, into(a)) == 1);
}

TEST_CASE("a tile with an extent of 0 is refused") {
  auto a = SharedArray<double, 2>::create({6, 8});
  REQUIRE(refused({2, 0}, into(a)).errc() == Errc::invalid_shape);
}

TEST_CASE("a tile shape may have more axes than an argument") {
  auto row = SharedArray<double, 1>::create({8});
  REQUIRE(tiles({1, 1, 2}, into(row)) == 4);
}

TEST_CASE("an array that was moved from is refused as an argument") {
  auto a = SharedArray<double, 1>::create({8});
  const auto b = std::move(a);
  REQUIRE(refused({2}, a).errc() == Errc::invalid_argument);
  REQUIRE(tiles({2}, b) == 4);
}

TEST_CASE("what is refused by a pool of processes is refused before any tile runs") {
  auto a = SharedArray<int, 1>::create({8});
  TiledPool pool(2);
  const auto write = [](auto v, auto) { v = 1; };
  REQUIRE(error_of([&] {
            pool.map({2}, write, into(view(a, range(0, 7))), view(a, range(1, 8)));
          }).errc() == Errc::overlap);
  for (const int element : a) REQUIRE(element == 0);
}

TEST_CASE("an input of transform that has more elements than the output is refused") {
  auto a = SharedArray<double, 2>::create({6, 8});
  auto column = SharedArray<double, 2>::create({6, 1});
  auto pool = TiledPool::in_caller();
  const auto twice = [](double x) { return 2 * x; };
  REQUIRE(error_of([&] { pool.transform(column, twice, a); }).errc() == Errc::shape_mismatch);
}

TEST_CASE("files and names mean the same after the caller has gone to another folder") {
  REQUIRE(failure_apart([] {
            const Folder folder;
            const auto before = std::filesystem::current_path();
            std::filesystem::current_path(folder.file(""));
            TiledPool pool(2);
            auto file = SharedArray<int, 1>::create_file("a.npy", {100});
            auto a = SharedArray<int, 1>::create({100});
            std::filesystem::current_path(before);
            pool.map({1}, add_one, into(file));
            pool.map({1}, add_one, into(a));
            for (const int element : file) must(element == 1, "the job on a file is right");
            for (const int element : a) must(element == 1, "the job on an array is right");
          }) == "");
}
