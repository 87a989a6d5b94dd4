// What one process does without the library: xtensor's own expressions and views, loops written by
// hand, and Boost's way to open a segment. xtensor is given plain pointers.
#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/shared_memory_object.hpp>
#include <tessera/loops/xtensor.hpp>
#if __has_include(<xtensor/containers/xadapt.hpp>)
#include <xtensor/containers/xadapt.hpp>
#else
#include <xtensor/xadapt.hpp>
#endif

#include "bench.hpp"

namespace {

using State = benchmark::State;

auto adapted(double* data, const bench::Grids& x) {
  return xt::adapt(static_cast<double*>(data), x.size, xt::no_ownership(), x.shape);
}

void whole(State& state) {
  const bench::Grids x;
  auto out = adapted(x.out, x), a = adapted(x.a, x), b = adapted(x.b, x);
  bench::timed_sum(state, x.out, x.size, [&] { xt::noalias(out) = a + b; });
}

void tile_views(State& state) {
  const bench::Grids x;
  auto out = adapted(x.out, x), a = adapted(x.a, x), b = adapted(x.b, x);
  bench::timed_sum(state, x.out, x.size, [&] {
    for (std::size_t i = 0; i < x.shape[1]; i += bench::options.tile) {
      for (std::size_t j = 0; j < x.shape[2]; j += bench::options.tile) {
        const auto of = [&](auto& array) {
          return xt::view(array, xt::all(), xt::range(i, i + bench::options.tile),
                          xt::range(j, j + bench::options.tile));
        };
        xt::noalias(of(out)) = of(a) + of(b);
      }
    }
  });
}

void rows(State& state) {
  const bench::Grids x;
  bench::timed_sum(state, x.out, x.size, [&] {
    for (std::size_t i = 0; i < x.shape[1]; i += bench::options.tile)
      for (std::size_t j = 0; j < x.shape[2]; j += bench::options.tile)
        bench::add_tile(x.shape, i, j, x.out, x.a, x.b);
  });
}

void attach(State& state) {
  namespace ipc = boost::interprocess;
  const auto name = bench::options.arrays + "-a";
  bench::timed(state, [&] {
    const ipc::shared_memory_object segment(ipc::open_only, name.c_str(), ipc::read_only);
    const ipc::mapped_region region(segment, ipc::read_only);
    benchmark::DoNotOptimize(region.get_address());
  });
  const bench::Grids x;
  bench::tell_check(state, x.a, x.size);
}

}  // namespace

int main(int argc, char** argv) {
  bench::add("whole", whole);
  bench::add("tile_views", tile_views);
  bench::add("rows", rows);
  bench::add("attach", attach);
  return bench::run(argc, argv);
}
