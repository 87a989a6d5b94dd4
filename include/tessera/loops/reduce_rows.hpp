// Floor 2, loops: reductions of nodes over some of their axes, in blocks of results.
//
// The kept axes are cut into blocks, so that the states of a block stay in the second-level cache.
// Larger blocks read longer rows, which the hardware prefetches better: 128 KiB of states took 0.6
// of the time of 16 KiB (means of 132x292x576 floats over time, AMD EPYC).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/extents.hpp>
#include <tessera/loops/fold_rows.hpp>
#include <tessera/loops/folds.hpp>
#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/row_nodes.hpp>

namespace tessera::detail {

/// The bytes of states that one block may have: half of a small second-level cache.
inline constexpr std::size_t block_bytes = 128 * 1024;

/// The largest box of the kept axes, whole axes last, with at most `most` elements; whole on the
/// reduced axes.
template <std::size_t N>
std::array<std::size_t, N> block_of(const std::array<std::size_t, N>& shape,
                                    const ReducedAxes<N>& reduced, std::size_t most) {
  auto block = shape;
  for (std::size_t k = 0; k < N; ++k) {
    const auto d = N - 1 - k;
    if (reduced[d]) continue;
    block[d] = (std::min)(shape[d], (std::max)(most, std::size_t{1}));
    most /= (std::max)(block[d], std::size_t{1});
  }
  return block;
}

/// Strides of an array with one element for each index of the kept axes, row-major; 0 on the
/// others.
template <std::size_t N>
std::array<std::ptrdiff_t, N> kept_strides(const std::array<std::size_t, N>& shape,
                                           const ReducedAxes<N>& reduced) {
  std::array<std::ptrdiff_t, N> strides{};
  std::ptrdiff_t n = 1;
  for (std::size_t k = 0; k < N; ++k) {
    const auto d = N - 1 - k;
    if (reduced[d]) continue;
    strides[d] = n;
    n *= static_cast<std::ptrdiff_t>(shape[d]);
  }
  return strides;
}

/// Calls body(box shape, node at its first element, results at its first element) for each block
/// of the kept axes.
template <std::size_t Axis = 0, class V, std::size_t N, class Node, class Body>
void each_block(const std::array<std::size_t, N>& shape, const std::array<std::size_t, N>& block,
                std::array<std::size_t, N>& box, Operand<V, N> out, Node in, const Body& body) {
  if constexpr (Axis == N) {
    body(box, in, out);
  } else {
    for (std::size_t i = 0; i < shape[Axis]; i += block[Axis]) {
      box[Axis] = (std::min)(block[Axis], shape[Axis] - i);
      each_block<Axis + 1>(shape, block, box, out, in, body);
      const auto n = static_cast<std::ptrdiff_t>(block[Axis]);
      out.step(Axis, n);
      in.step(Axis, n);
    }
  }
}

/// The shape with extent 1 on the reduced axes.
template <std::size_t N>
std::array<std::size_t, N> kept_shape(std::array<std::size_t, N> shape,
                                      const ReducedAxes<N>& reduced) {
  for (std::size_t d = 0; d < N; ++d)
    if (reduced[d]) shape[d] = 1;
  return shape;
}

/// Calls body(state row, other row, length) for the rows of the results of a block.
template <class State, std::size_t N, class Other, class Body>
void each_result_row(std::array<std::size_t, N> kept, const StateRows<State, N>& states,
                     const Other& other, const Body& body) {
  std::ptrdiff_t length = 1;
  if constexpr (N > 0) length = static_cast<std::ptrdiff_t>(std::exchange(kept[N - 1], 1));
  walk<0>(kept, states, other, [&](const auto& a, const auto& b) { body(a, b, length); });
}

/// The results of a fold over the reduced axes of `in`: out[kept index], dense and row-major.
/// `most` is the number of results that are computed together. `finish(box, states, node, values)`
/// turns the states of a block into values.
template <class V, std::size_t N, class Node, class Fold, class Finish>
void reduce_blocks(const std::array<std::size_t, N>& shape, const ReducedAxes<N>& reduced,
                   std::size_t most, V* out, const Node& in, const typename Fold::State& start,
                   const Fold& fold, const Finish& finish) {
  using State = typename Fold::State;
  const auto block = block_of(shape, reduced, most);
  const auto plane = product_of(kept_shape(block, reduced));
  const auto memory = std::make_unique_for_overwrite<typename State::value_type[]>(
      plane * std::tuple_size_v<State>);
  auto box = block;
  const Operand<V, N> to{out, kept_strides(shape, reduced)};
  each_block(shape, block, box, to, in.non_owning(),
             [&](const auto& here, const auto& from, const Operand<V, N>& values) {
               const StateRows<State, N> states{{memory.get(), kept_strides(here, reduced)},
                                                static_cast<std::ptrdiff_t>(plane)};
               for (std::size_t p = 0; p < std::tuple_size_v<State>; ++p)
                 std::fill_n(memory.get() + p * plane, plane, start[p]);
               fold_rows(here, reduced, states, from, fold);
               finish(here, states, from, values);
             });
}

/// out[kept index] = the fold over the reduced axes of `in`, beginning with `start`. `out` is dense
/// and row-major.
template <class V, std::size_t N, class Node, class Fold>
void reduce_rows(const std::array<std::size_t, N>& shape, const ReducedAxes<N>& reduced, V* out,
                 const Node& in, const typename Fold::State& start, const Fold& fold) {
  const auto results = product_of(kept_shape(shape, reduced));
  if (results == 0) return;
  if (product_of(shape) == 0) {
    std::fill_n(out, results, fold.result(start));
    return;
  }
  reduce_blocks(shape, reduced, block_bytes / sizeof(start), out, in, start, fold,
                [&](const auto& box, const auto& states, const auto&, const auto& values) {
                  each_result_row(kept_shape(box, reduced), states, values,
                                  [&](auto a, auto b, std::ptrdiff_t n) {
                                    for (std::ptrdiff_t i = 0; i < n; ++i)
                                      b.at[i] = fold.result(a.load(i));
                                  });
                });
}

/// The square of an element's deviation from the mean. With SkipNaN, 0 for a NaN.
template <bool SkipNaN>
struct SquaredDeviation {
  template <class V>
  TESSERA_INLINE double operator()(const V& v, double mean) const {
    const double deviation = static_cast<double>(v) - mean;
    const double square = deviation * deviation;
    return SkipNaN && is_nan(v) ? 0.0 : square;
  }
};

/// out[kept index] = the variance over the reduced axes of `in`, with NaN passed over if SkipNaN.
/// Two passes, the mean first: a block is small enough that the second one finds its elements in
/// the cache.
template <bool SkipNaN, class V, std::size_t N, class Node>
void variance_rows(const std::array<std::size_t, N>& shape, const ReducedAxes<N>& reduced, V* out,
                   const Node& in, double ddof) {
  const auto results = product_of(kept_shape(shape, reduced));
  if (results == 0) return;
  const auto each = product_of(shape) / results;  // elements of one result
  const auto fold = [&] {
    if constexpr (SkipNaN)
      return NanMeanFold<double>{};
    else
      return MeanFold{{}, static_cast<double>(each)};
  }();
  if (each == 0) {
    std::fill_n(out, results, std::numeric_limits<V>::quiet_NaN());
    return;
  }
  const auto fits = 2 * block_bytes / (each * sizeof(ValueOf<Node>));
  const auto most = std::clamp<std::size_t>(fits, 64, block_bytes / sizeof(fold.identity()));
  std::unique_ptr<double[]> means(new double[2 * most]);  // and the sums of squares
  reduce_blocks(
      shape, reduced, most, out, in, fold.identity(), fold,
      [&](const auto& box, const auto& states, const auto& from, const auto& values) {
        const auto kept = kept_shape(box, reduced);
        const auto n = product_of(kept);
        const Operand<double, N> mean{means.get(), kept_strides(box, reduced)};
        const StateRows<FoldState<double>, N> squares{{means.get() + n, mean.strides}, 0};
        std::fill_n(means.get() + n, n, 0.0);
        each_result_row(kept, states, mean, [&](auto a, auto b, std::ptrdiff_t length) {
          for (std::ptrdiff_t i = 0; i < length; ++i) b.at[i] = fold.result(a.load(i));
        });
        fold_rows(
            box, reduced, squares,
            Applied<SquaredDeviation<SkipNaN>, std::decay_t<decltype(from)>, Operand<double, N>>{
                {}, {from, mean}},
            SumFold<double, false>{});
        const auto divided = [&](const auto& state, double sum) {
          if constexpr (SkipNaN)
            return sum / (state[1] - ddof);
          else
            return sum / (static_cast<double>(each) - ddof);
        };
        each_result_row(kept, states, squares, [&](auto a, auto b, std::ptrdiff_t length) {
          for (std::ptrdiff_t i = 0; i < length; ++i)
            b.first.at[i] = divided(a.load(i), b.load(i)[0]);
        });
        each_result_row(kept, squares, values, [&](auto a, auto b, std::ptrdiff_t length) {
          for (std::ptrdiff_t i = 0; i < length; ++i) b.at[i] = static_cast<V>(a.load(i)[0]);
        });
      });
}

}  // namespace tessera::detail
