// Floor 2, loops: an expression is written into strided memory, in rows.
#pragma once

#include <array>
#include <cstddef>

#include <tessera/loops/make_node.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>
#include <tessera/loops/xtensor.hpp>

namespace tessera::detail {

/// out[x] = values[x] for every element of `shape`. What the expression reads of `out` is read
/// before it is overwritten: if at other indices, by way of a temporary. Throws
/// Error(shape_mismatch), and writes nothing, if `values` does not broadcast to `shape`.
template <class T, std::size_t N, class E>
void assign_rows(const std::array<std::size_t, N>& shape, const Operand<T, N>& out,
                 const E& values) {
  const auto node = make_node(values, shape);
  if (!node.disturbed_by(out, shape)) return run_rows(shape, out, node);
  auto copy = xt::xtensor<T, N, xt::layout_type::row_major>::from_shape(shape);
  run_rows(shape, broadcast_operand(copy.data(), shape, copy.strides(), shape), node);
  run_rows(shape, out, make_node(copy, shape));
}

}  // namespace tessera::detail
