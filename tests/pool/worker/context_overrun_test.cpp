// A kernel that writes behind the end of an array is told of, by the job that ran it.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::full;
using tessera::into;
using tessera::JobError;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::TiledPool;

namespace {

/// What a job says that writes `count` elements from behind the end of `a` on.
std::string said_of_overrun(TiledPool& pool, SharedArray<double, 2>& a, std::ptrdiff_t from,
                            std::ptrdiff_t count) {
  try {
    pool.map(
        {full, full},
        [=](auto v) {
          v = 1.0;
          for (std::ptrdiff_t k = from; k < from + count; ++k) *(v.data() + v.size() + k) = 7;
        },
        into(a));
  } catch (const JobError& error) {
    return (error.errc() == Errc::kernel_failed ? "" : "not kernel_failed: ") +
           std::string(error.what());
  }
  return {};
}

}  // namespace

TEST_CASE("a kernel that writes behind the end of an array is told of, with the array's name") {
  auto pool = some_pool();
  // An array that ends at its control block, and one that does not.
  for (const std::size_t columns : {8u, 5u}) {
    auto a = SharedArray<double, 2>::create(unique_name(), {3, columns});
    for (const std::ptrdiff_t at : {0, 1, 2, 3, 4}) {
      INFO(columns << " columns, " << at << " elements behind the end");
      const auto said = said_of_overrun(pool, a, at, 1);
      // By the worker that computed the tile, or by one that found the bytes as it attached.
      CHECK(said.find(a.name()) != std::string::npos);
      CHECK(said.find("behind the end") != std::string::npos);
      CHECK(said.find("TESSERA_CHECK_BOUNDS") != std::string::npos);
    }
  }
}

TEST_CASE("a job after one that wrote behind the end of an array finds all as it was") {
  auto pool = some_pool();
  auto a = SharedArray<double, 2>::create(unique_name(), {3, 8});
  CHECK(!said_of_overrun(pool, a, 0, 8).empty());
  CHECK(said_of_overrun(pool, a, 0, 0).empty());
  CHECK(a(2, 7) == 1);
  auto seen = SharedArray<double, 2>::attach(a.name());
  TiledPool fresh(1);  // whose worker has never seen it
  fresh.map(
      {full, full}, [](auto v) { v = 2.0; }, into(seen));
  CHECK(a(0, 0) == 2);
}

TEST_CASE("a worker that takes over from one that wrote behind the end says what is wrong") {
  TiledPool pool(1);
  auto a = SharedArray<double, 2>::create(unique_name(), {3, 8});
  std::string said;
  try {
    pool.map(
        {full, full}, {.rerun = Rerun::allowed},
        [](auto v) {
          std::memset(static_cast<void*>(v.data() + v.size()), 0x5a, 64);
          std::_Exit(1);
        },
        into(a));
  } catch (const JobError& error) {
    said = error.what();
  }
  CHECK(said.find(a.name()) != std::string::npos);
  CHECK(said.find("behind the end") != std::string::npos);
  pool.map(
      {full, full}, [](auto v) { v = 3.0; }, into(a));
  CHECK(a(0, 0) == 3);
}
