// What the library does in one process, without a pool: kernels on tile views, and attaching.
#include <functional>
#include <tessera.hpp>

#include "bench.hpp"

namespace {

using bench::options;
using State = benchmark::State;
using In = tessera::SharedArray<const double, 3>;
using Out = tessera::SharedArray<double, 3>;

/// A kernel on the views of every tile, one after the other, as a worker hands them out.
template <class Kernel>
void on_tiles(State& state, Kernel kernel) {
  const auto a = In::attach(options.arrays + "-a"), b = In::attach(options.arrays + "-b");
  auto out = Out::attach(options.arrays + "-out");
  const auto shape = out.shape();
  std::array<std::ptrdiff_t, 3> strides;
  std::copy_n(out.strides().begin(), 3, strides.begin());
  const tessera::TileGrid<2> grid({shape[1], shape[2]}, {options.tile, options.tile});
  bench::timed_sum(state, out.data(), out.size(), [&] {
    for (std::size_t number = 0; number < grid.size(); ++number) {
      const auto box = grid.box(number);
      const auto tile = [&]<class T>(T* data) {
        return tessera::TileView<T, 3>(data + box.lo[0] * shape[2] + box.lo[1],
                                       {shape[0], box.extent(0), box.extent(1)}, strides);
      };
      kernel(tile(out.data()), tile(a.data()), tile(b.data()));
    }
  });
}

void natural(State& state) {
  on_tiles(state, [](auto v, auto t, auto r) { v = t + r; });
}

void spans(State& state) {
  on_tiles(state, [](auto v, auto t, auto r) {
    tessera::for_each_row(
        [](auto out, auto a, auto b) {
          const std::size_t length = out.size();
          _Pragma("GCC ivdep")  // the loop by hand says __restrict, which spans can't
              for (std::size_t k = 0; k < length; ++k) out[k] = a[k] + b[k];
        },
        v, t, r);
  });
}

void attach_new(State& state) {
  const auto name = options.arrays + "-a";
  bench::timed(state, [&] { benchmark::DoNotOptimize(In::attach(name).data()); });
  const auto a = In::attach(name);
  bench::tell_check(state, a.data(), a.size());
}

/// What a worker does for an array that it has already.
void attach_kept(State& state) {
  const auto a = In::attach(options.arrays + "-a");
  const auto record = tessera::detail::record_of(*a.segment(), false);
  tessera::detail::Attachments attachments;
  const int self = tessera::host::own_pid();
  bench::timed(state, [&] { benchmark::DoNotOptimize(attachments.find(record, a.name(), self)); });
  const auto& found = attachments.find(record, a.name(), self);
  bench::tell_check(state, bench::elements(found), a.size());
}

}  // namespace

int main(int argc, char** argv) {
  bench::add("natural", natural);
  bench::add("spans", spans);
  bench::add("attach_new", attach_new);
  bench::add("attach_kept", attach_kept);
  return bench::run(argc, argv);
}
