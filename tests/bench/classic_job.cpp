// The classic job with the library: three named arrays, a pool, `map` over tiles or `transform`.
// The same command line, the same input and the same phases as bare_job; the pool comes first, as a
// program would have it, so that the workers start while the arrays are filled. `join` is the part
// of `end` that ends the pool; the rest gives the memory back.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <tessera.hpp>

#include "options.hpp"

namespace {

using bench::Clock;
using bench::Options;
using bench::seconds;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;

/// Input in a shared mapping, as in bare_job: a fork would copy the page tables of private memory.
double* random_input(std::size_t elements) {
  void* const data = mmap(nullptr, elements * sizeof(double), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    std::perror("mmap");
    std::exit(1);
  }
  auto* const out = static_cast<double*>(data);
  std::mt19937_64 random(std::random_device{}());
  std::uniform_real_distribution<double> uniform;
  std::generate(out, out + elements, [&] { return uniform(random); });
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = bench::parse(argc, argv);
  const auto [depth, height, width] = options.shape;
  const std::size_t elements = depth * height * width;
  const double* const tmp_input = random_input(elements);
  const double* const rad_input = random_input(elements);
  const std::string suffix = "-classic_job-" + std::to_string(tessera::host::own_pid());

  const auto begin = Clock::now();
  auto pool = std::make_optional<TiledPool>(options.workers);
  const auto started = Clock::now();

  using Array = SharedArray<double, 3>;
  auto tmp = Array::create("tmp" + suffix, options.shape);
  auto rad = Array::create("rad" + suffix, options.shape);
  auto vpd = Array::create("vpd" + suffix, options.shape);
  const auto created = Clock::now();

  std::memcpy(tmp.data(), tmp_input, elements * sizeof(double));
  std::memcpy(rad.data(), rad_input, elements * sizeof(double));
  const auto filled = Clock::now();

  std::ptrdiff_t ones = 0, tiles = 0;
  if (options.transform) {
    pool->transform(vpd, std::plus<>{}, tmp, rad);
  } else {
    const auto results = pool->map(
        options.tile,
        [](auto v, auto t, auto r) {
          v = t + r;
          return 1;
        },
        into(vpd), tmp, rad);
    tiles = static_cast<std::ptrdiff_t>(results.size());
    ones = std::count(results.begin(), results.end(), 1);
  }
  const auto mapped = Clock::now();

  bool equal = ones == tiles;
  for (std::size_t k = 0; equal && k < elements; ++k)
    equal = vpd.data()[k] == tmp_input[k] + rad_input[k];

  const auto checked = Clock::now();
  pool.reset();
  const auto joined = Clock::now();
  for (auto* const array : {&tmp, &rad, &vpd}) *array = Array();
  const auto end = Clock::now();

  std::printf("classic_job %s %zux%zux%zu: %td tiles, equal: %s\n",
              options.transform ? "transform" : "map", depth, height, width, tiles,
              equal ? "True" : "False");
  std::printf("phases create=%.6f fill=%.6f start=%.6f map=%.6f end=%.6f total=%.6f join=%.6f\n",
              seconds(started, created), seconds(created, filled), seconds(begin, started),
              seconds(filled, mapped), seconds(checked, end),
              seconds(begin, mapped) + seconds(checked, end), seconds(checked, joined));
  return equal ? 0 : 1;
}
