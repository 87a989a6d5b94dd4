// The nodes of which expressions are rebuilt.
#include <array>
#include <cstddef>

#include <tessera/loops/row_nodes.hpp>

#include "support/catch.hpp"

using tessera::detail::IndexNode;
using tessera::detail::Operand;

TEST_CASE("writing disturbs what shares memory, but not the same elements at the same indices") {
  std::array<int, 20> values{};
  const std::array<std::size_t, 2> shape{2, 3};
  const Operand<int, 2> out{values.data(), {3, 1}};
  const auto disturbed = [&](std::ptrdiff_t from, std::array<std::ptrdiff_t, 2> strides) {
    return Operand<int, 2>{values.data() + from, strides}.disturbed_by(out, shape);
  };
  CHECK_FALSE(disturbed(0, {3, 1}));
  CHECK(disturbed(1, {3, 1}));
  CHECK(disturbed(0, {1, 3}));
  CHECK(disturbed(8, {-3, -1}));
  CHECK_FALSE(disturbed(6, {3, 1}));
  const Operand<int, 2> empty{values.data(), {3, 1}};
  CHECK_FALSE(empty.footprint({0, 3}).meets(out.footprint(shape)));
}

TEST_CASE("an index counts the steps along its axis") {
  IndexNode<2> column{3, {0, 1}}, row{5, {1, 0}};
  column.step(0, 4);
  row.step(0, 4);
  CHECK(column.read<true>(7) == 10);
  CHECK(row.read<true>(7) == 9);
  // A row of the loop is no longer than a row of the array: else the index would be wrong.
  CHECK_FALSE(column.contiguous_with(1, 20));
  CHECK_FALSE(row.contiguous_with(1, 20));
}
