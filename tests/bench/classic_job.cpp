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

namespace {

using Clock = std::chrono::steady_clock;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;

struct Options {
  std::array<std::size_t, 3> shape{365, 16, 16};
  std::array<std::size_t, 2> tile{4, 4};
  std::size_t workers = 10;
  bool transform = false;
};

[[noreturn]] void usage() {
  std::fputs(
      "usage: classic_job [--shape 365x16x16] [--tile 4x4] [--workers 10] "
      "[--mode map|transform]\n",
      stderr);
  std::exit(2);
}

template <std::size_t N>
std::array<std::size_t, N> extents(const char* text) {
  std::array<std::size_t, N> result{};
  for (std::size_t axis = 0; axis < N; ++axis) {
    char* end = nullptr;
    result[axis] = std::strtoull(text, &end, 10);
    if (end == text || result[axis] == 0 || *end != (axis + 1 == N ? '\0' : 'x')) usage();
    text = end + 1;
  }
  return result;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) usage();
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--shape") {
      options.shape = extents<3>(argv[i + 1]);
    } else if (name == "--tile") {
      options.tile = extents<2>(argv[i + 1]);
    } else if (name == "--workers") {
      options.workers = extents<1>(argv[i + 1])[0];
    } else if (name == "--mode" && (value == "map" || value == "transform")) {
      options.transform = value == "transform";
    } else {
      usage();
    }
  }
  return options;
}

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

double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
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
