// A tile's mdspan() against its rows as spans: two kernels on tiles of several shapes, in one
// process; and the same where the mdspan is passed to a function that the compiler does not see
// through. Prints ratios of the best of 40 times.
#include <tessera/loops/mdspan.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/shared_array.hpp>

namespace {

using At = std::array<std::size_t, 2>;
using Tile = tessera::TileView<float, 2>;
using Input = tessera::TileView<const float, 2>;

struct Sum {
  [[gnu::noinline]] static void by_rows(Tile v, Input a, Input b) {
    for (std::size_t i = 0; i < v.shape(0); ++i) {
      const auto out = v.row(i);
      const auto x = a.row(i), y = b.row(i);
      for (std::size_t j = 0; j < out.size(); ++j) out[j] = 2 * x[j] + y[j];
    }
  }
  template <class Out, class In>
  static void loop(Out v, In a, In b) {
    for (std::size_t i = 0; i < v.extent(0); ++i)
      for (std::size_t j = 0; j < v.extent(1); ++j) v[At{i, j}] = 2 * a[At{i, j}] + b[At{i, j}];
  }
};

struct Stencil {
  [[gnu::noinline]] static void by_rows(Tile v, Input a, Input) {
    for (std::size_t i = 1; i + 1 < v.shape(0); ++i) {
      const auto out = v.row(i);
      const auto c = a.row(i), n = a.row(i - 1), s = a.row(i + 1);
      for (std::size_t j = 1; j + 1 < out.size(); ++j)
        out[j] = c[j] + n[j] + s[j] + c[j - 1] + c[j + 1];
    }
  }
  template <class Out, class In>
  static void loop(Out v, In a, In) {
    for (std::size_t i = 1; i + 1 < v.extent(0); ++i)
      for (std::size_t j = 1; j + 1 < v.extent(1); ++j)
        v[At{i, j}] =
            a[At{i, j}] + a[At{i - 1, j}] + a[At{i + 1, j}] + a[At{i, j - 1}] + a[At{i, j + 1}];
  }
};

/// A kernel that loops over its tiles' mdspans.
template <class Kernel>
[[gnu::noinline]] void by_mdspan(Tile v, Input a, Input b) {
  Kernel::loop(v.mdspan(), a.mdspan(), b.mdspan());
}

template <class Work>
double once(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  for (int k = 0; k < 200; ++k) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 200;
}

/// The function, through a pointer that the compiler can't follow: as one of somebody else's
/// library.
template <class F>
F* opaque(F* function) {
  F* volatile there = function;
  return there;
}

template <class Kernel>
bool compare(const char* name, Tile v, Input a, Input b) {
  std::array<double, 3> best{1, 1, 1};
  std::array<double, 3> sums{};
  for (int turn = 0; turn < 40; ++turn) {
    const auto take = [&](std::size_t way, const auto& work) {
      best[way] = (std::min)(best[way], once(work));
      sums[way] = xt::sum(v)();
    };
    const auto loop = opaque(&Kernel::template loop<decltype(v.mdspan()), decltype(a.mdspan())>);
    take(0, [&] { Kernel::by_rows(v, a, b); });
    take(1, [&] { by_mdspan<Kernel>(v, a, b); });
    take(2, [&] { loop(v.mdspan(), a.mdspan(), b.mdspan()); });
  }
  std::printf("%-8s %4zux%-4zu %9.3f us %7.2f %7.2f\n", name, v.shape(0), v.shape(1), best[0] * 1e6,
              best[1] / best[0], best[2] / best[0]);
  return sums[0] == sums[1] && sums[0] == sums[2];
}

}  // namespace

int main() {
  auto out = tessera::SharedArray<float, 2>::create({512, 512});
  auto a = tessera::SharedArray<float, 2>::create({512, 512});
  auto b = tessera::SharedArray<float, 2>::create({512, 512});
  for (std::size_t k = 0; k < a.size(); ++k) {
    a.flat(k) = static_cast<float>(k % 7);
    b.flat(k) = static_cast<float>(k % 5);
  }
  std::printf("kernel   tile           rows  mdspan  passed on\n");
  bool equal = true;
  for (const auto& shape : {At{4, 4}, At{16, 16}, At{64, 64}, At{128, 500}}) {
    const auto part = [&](auto* data) { return data + 512 + 4; };
    const std::array<std::ptrdiff_t, 2> strides{512, 1};
    const Tile v(part(out.data()), shape, strides);
    const Input x(part(a.data()), shape, strides), y(part(b.data()), shape, strides);
    equal = compare<Sum>("2a + b", v, x, y) && equal;
    equal = compare<Stencil>("stencil", v, x, y) && equal;
  }
  if (!equal) std::puts("the results differ");
  return equal ? 0 : 1;
}
