#include <tessera/pool/caller/cancel_token.hpp>
#include <tessera/pool/caller/job_order.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::detail::Argument;
using tessera::detail::CancelToken;
using tessera::detail::JobOrder;

namespace {

/// Columns 1 and 3 of all rows of a 2x5 array.
Argument two_columns_of(const std::shared_ptr<tessera::Segment>& segment) {
  Argument out;
  out.segment = segment;
  out.data = segment->data() + sizeof(std::int32_t);
  out.item = sizeof(std::int32_t);
  out.axes = 2;
  out.extents = {2, 2};
  out.steps = {5, 2};
  return out;
}

/// Three tiles of the user, each of them four slabs.
JobOrder order_in_slabs() {
  JobOrder out;
  out.tiles = 12;
  out.slabs_per_tile = 4;
  return out;
}

}  // namespace

TEST_CASE("an argument tells where in its array it begins, and which elements it is") {
  const auto segment = create(unique_name(), {2, 5});
  const auto argument = two_columns_of(segment);
  CHECK(argument.offset() == 4);
  const auto lattice = argument.lattice();
  REQUIRE(lattice.size() == 2);
  CHECK((lattice[0].start == 0 && lattice[0].step == 1 && lattice[0].count == 2));
  CHECK((lattice[1].start == 1 && lattice[1].step == 2 && lattice[1].count == 2));
}

TEST_CASE("an argument equals only the very same elements, lined up alike") {
  const auto segment = create(unique_name(), {2, 5});
  const auto argument = two_columns_of(segment);
  auto other = argument;
  CHECK(argument.equals(other));
  other.data += 4;
  CHECK_FALSE(argument.equals(other));
  other = argument;
  other.extents[1] = 1;
  CHECK_FALSE(argument.equals(other));
  other = argument;
  other.steps[1] = -2;
  CHECK_FALSE(argument.equals(other));
}

TEST_CASE("an argument is described by its place, its name and its shape") {
  const auto name = unique_name();
  CHECK(two_columns_of(create(name, {2, 5})).describe(3) ==
        "argument 3 (" + name + ", shape (2, 2))");
}

TEST_CASE("to choose tiles of the user is to choose every slab of them") {
  auto order = order_in_slabs();
  CHECK((order.user_tiles() == 3 && order.wanted() == 12 && order.wanted_user_tiles() == 3));
  order.choose({0, 2});
  CHECK(order.only == std::vector<std::size_t>{0, 2, 3, 5, 6, 8, 9, 11});
  CHECK((order.wanted() == 8 && order.wanted_user_tiles() == 2));
}

TEST_CASE("slabs are told as the user's tiles, each once and in order") {
  CHECK(order_in_slabs().as_user_tiles({11, 8, 3, 0, 5}) == std::vector<std::size_t>{0, 2});
  CHECK(order_in_slabs().as_user_tiles({}).empty());
}

TEST_CASE("an order is cancelled by its token, and without one never") {
  JobOrder order;
  CHECK_FALSE(order.cancelled());
  order.cancel = std::make_shared<CancelToken>();
  CHECK_FALSE(order.cancelled());
  order.cancel->request();
  CHECK(order.cancelled());
}
