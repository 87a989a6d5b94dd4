// What oneTBB's tasks do, with as many threads as we have workers.
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>

#include "bench.hpp"

namespace {

using bench::options;
using Range = oneapi::tbb::blocked_range<std::size_t>;
using State = benchmark::State;

/// One task for each tile, which the compiler must not see to be empty.
void empty(State& state) {
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism,
                                            options.workers);
  const auto for_each_tile = [](const auto& body) {
    oneapi::tbb::parallel_for(
        Range(0, options.size, 1),
        [&](const Range& range) {
          for (auto k = range.begin(); k != range.end(); ++k) body(k);
        },
        oneapi::tbb::simple_partitioner());
  };
  std::vector<double> numbers(options.size);
  for_each_tile([&](std::size_t k) { numbers[k] = static_cast<double>(k); });
  bench::timed(state,
               [&] { for_each_tile([](const std::size_t k) { benchmark::DoNotOptimize(k); }); });
  bench::tell_check(state, numbers.data(), numbers.size());
}

template <class Partitioner>
void uneven(State& state) {
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism,
                                            options.workers);
  const auto segment = bench::new_segment<double>(std::array{options.size});
  double* const out = bench::elements(*segment);
  bench::timed_sum(state, out, options.size, [&] {
    oneapi::tbb::parallel_for(
        Range(0, options.size, 1),
        [out](const Range& range) {
          for (auto k = range.begin(); k != range.end(); ++k) out[k] = bench::labour(k);
        },
        Partitioner());
  });
}

}  // namespace

int main(int argc, char** argv) {
  bench::add("empty", empty);
  bench::add("uneven_simple", uneven<oneapi::tbb::simple_partitioner>);
  bench::add("uneven_auto", uneven<oneapi::tbb::auto_partitioner>);
  return bench::run(argc, argv);
}
