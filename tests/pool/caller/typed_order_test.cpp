#include <tessera/pool/caller/typed_order.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::OnThrow;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::detail::make_order;
using tessera::detail::make_transform;
using tessera::detail::PoolTraits;

namespace {

constexpr PoolTraits two_workers{2, false};

}  // namespace

TEST_CASE("results of more tiles than any memory can hold are an Error") {
  auto pool = some_pool();
  struct Large {
    char bytes[65536];
  };
  auto a = SharedArray<char, 2>::create({1, 12000000});
  auto b = SharedArray<char, 2>::create({12000000, 1});
  const auto error = error_of([&] {
    pool.map(
        {1, 1}, [](auto, auto) { return Large{}; }, a, b);
  });
  REQUIRE(error.errc() == Errc::no_space);
  pool.map({tessera::full, 1}, add_one, into(b));
  REQUIRE(b(11999999, 0) == 1);
}

TEST_CASE("the order of a map has what the call said") {
  auto out = SharedArray<double, 3>::create({4, 5, 7});
  const auto in = SharedArray<float, 2>::create({5, 7});
  const auto kernel = [offset = 3.0](auto v, auto x) {
    v = x + offset;
    return std::int64_t{1};
  };
  const auto typed =
      make_order<2>(two_workers, {2, 3}, {}, true, kernel, 0, into(out), tessera::whole(in));
  const auto& order = typed.order;
  CHECK((order.tiles == 9 && order.axes == 2 && order.slabs_per_tile == 1 && order.grain == 1));
  CHECK((order.grid[0] == 5 && order.grid[1] == 7 && order.tile[0] == 2 && order.tile[1] == 3));
  CHECK(typed.counts == std::array<std::size_t, 2>{3, 3});
  CHECK(order.kernel.size() == sizeof kernel);
  CHECK(order.result_size == sizeof(std::int64_t));
  REQUIRE(order.arguments.size() == 2);
  CHECK((order.arguments[0].writes() && order.arguments[0].axes == 3));
  CHECK(order.arguments[1].use == tessera::Use::whole);
  CHECK((order.reruns && !order.only && order.serve != nullptr && order.function == nullptr));
}

TEST_CASE("the options of a call are the order's") {
  auto out = SharedArray<int, 1>::create({10});
  const auto typed = make_order<1>(two_workers, {2},
                                   {.on_throw = OnThrow::collect,
                                    .tile_timeout = std::chrono::milliseconds(3),
                                    .max_attempts = 7,
                                    .only = std::vector<std::size_t>{4, 1, 4}},
                                   false, add_one, 0, into(out));
  CHECK((typed.order.collects && !typed.order.reruns && typed.order.max_attempts == 7));
  CHECK(typed.order.tile_timeout == 3'000'000);
  CHECK(typed.order.only == std::vector<std::size_t>{1, 4});
}

TEST_CASE("a kernel that returns nothing asks for no room") {
  auto out = SharedArray<int, 1>::create({10});
  CHECK(make_order<1>(two_workers, {2}, {}, false, add_one, 0, into(out)).order.result_size == 0);
}

TEST_CASE("results of tiles that are not wanted are value-initialised") {
  const auto in = SharedArray<int, 2>::create({6, 6});
  const auto typed = make_order<2>(
      two_workers, {2, 3}, {.only = std::vector<std::size_t>{1}}, false, [](auto) { return 5.0; },
      0, tessera::detail::section_of<tessera::Use::read>(in));
  const auto results = typed.empty_results();
  CHECK(results.shape() == std::array<std::size_t, 2>{3, 2});
  for (const double result : results) CHECK(result == 0);
}

TEST_CASE("a kernel that is a function pointer travels by its function's address") {
  auto out = SharedArray<int, 1>::create({10});
  void (*function)(tessera::TileView<int, 1>) = [](tessera::TileView<int, 1> v) { v = 1; };
  const auto typed = make_order<1>(two_workers, {2}, {}, false, function, 0, into(out));
  CHECK(typed.order.function == reinterpret_cast<const void*>(function));
}

TEST_CASE("a transform may compute tiles again only where its output is no input's memory") {
  auto a = SharedArray<int, 2>::create({8, 8}), b = SharedArray<int, 2>::create({8, 8});
  const auto reruns = [&](const auto& in, Rerun rerun) {
    return make_transform(two_workers, nullptr, into(a), {.rerun = rerun}, std::negate<>{},
                          tessera::detail::section_of<tessera::Use::read>(in))
        .order.reruns;
  };
  CHECK(reruns(b, Rerun::where_safe));
  CHECK_FALSE(reruns(a, Rerun::where_safe));
  CHECK(reruns(a, Rerun::allowed));
  CHECK_FALSE(reruns(b, Rerun::never));
}

TEST_CASE("a transform in tiles is cut into slabs only where it is not in place") {
  auto a = SharedArray<int, 2>::create({640, 8}), b = SharedArray<int, 2>::create({640, 8});
  const std::array<std::size_t, 1> tile{4};
  const auto order_for = [&](auto& in, OnThrow on_throw) {
    return make_transform(two_workers, tile, into(a), {.on_throw = on_throw}, std::negate<>{},
                          tessera::detail::section_of<tessera::Use::read>(in))
        .order;
  };
  CHECK(order_for(b, OnThrow::stop).slabs_per_tile > 1);
  CHECK(order_for(a, OnThrow::stop).slabs_per_tile == 1);
  CHECK(order_for(b, OnThrow::collect).slabs_per_tile == 1);
  CHECK(order_for(b, OnThrow::stop).user_tiles() == 2);
}
