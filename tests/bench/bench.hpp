// What the programs of this bench share: their options, the memory that all of them work on, and
// how a job is timed and its result told. No xtensor, and of the library no more than a segment.
//
// Every program reports a fingerprint of what it computed as the counter `check`; speed.py refuses
// a row where ours and the peer's differ. What is no time is reported as the counter `value`.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <tessera/format/dtype.hpp>
#include <tessera/memory/segment.hpp>
#include <thread>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;
using Shape = std::array<std::size_t, 3>;

struct Options {
  std::string arrays;       ///< what the names of the arrays of `hold` begin with
  std::size_t workers = 2;  ///< processes or threads that compute
  std::size_t tile = 4;     ///< rows and columns of a tile; the first axis is whole
  std::size_t size = 0;     ///< tiles, side of a grid, milliseconds: the benchmark's own measure
};
inline Options options;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

inline double* elements(const tessera::Segment& segment) {
  return reinterpret_cast<double*>(segment.data());
}

/// A new segment as the library makes them, reserved and zero: the peers' memory.
template <class T>
std::shared_ptr<tessera::Segment> new_segment(std::span<const std::size_t> shape) {
  return tessera::Segment::create(std::nullopt, tessera::dtype_of<T>(), shape,
                                  tessera::Permission::owner);
}

inline std::shared_ptr<tessera::Segment> attach(const std::string& name) {
  return tessera::Segment::attach(tessera::SegmentName(name), tessera::host::Access::read_write);
}

/// The arrays that `hold` made, attached: a and b random, out to be written.
struct Grids {
  std::shared_ptr<tessera::Segment> a_segment = attach(options.arrays + "-a"),
                                    b_segment = attach(options.arrays + "-b"),
                                    out_segment = attach(options.arrays + "-out");
  double *a = elements(*a_segment), *b = elements(*b_segment), *out = elements(*out_segment);
  Shape shape{out_segment->header().shape[0], out_segment->header().shape[1],
              out_segment->header().shape[2]};
  std::size_t size = shape[0] * shape[1] * shape[2];
};

/// One tile, all of the first axis, row by row: the loop that people write by hand. How long a row
/// is comes out when the program runs. Never inlined: compilers forget what restrict says then.
[[gnu::noinline]] inline void add_tile(const Shape& shape, std::size_t i, std::size_t j,
                                       double* __restrict out, const double* __restrict a,
                                       const double* __restrict b) {
  const auto [depth, height, width] = shape;
  const std::size_t last = std::min(i + options.tile, height);
  const std::size_t length = std::min(options.tile, width - j);
  for (std::size_t z = 0; z < depth; ++z) {
    for (std::size_t y = i; y < last; ++y) {
      const std::size_t at = (z * height + y) * width + j;
      for (std::size_t k = at; k < at + length; ++k) out[k] = a[k] + b[k];
    }
  }
}

/// A number that changes with every bit of every element, and with their places.
template <class T>
void tell_check(benchmark::State& state, const T* values, std::size_t count) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::bit_cast<Bits>(values[i]) * (2 * i + 1);
  // No more bits than a double holds exactly.
  state.counters["check"] = static_cast<double>((sum ^ sum >> 32) & 0xffffffffffff);
}

/// What attaching and faults cost is paid then.
template <class Job>
void warm(Job&& job, int least = 2) {
  const auto begin = Clock::now();
  for (int done = 0; done < least || seconds_since(begin) < 0.005; ++done) job();
}

/// Jobs back to back.
template <class Job>
void timed(benchmark::State& state, Job&& job, int warm_jobs = 2) {
  warm(job, warm_jobs);
  for (auto _ : state) job();
}

/// The sum of the held grids back to back, checked.
template <class Job>
void timed_sum(benchmark::State& state, double* out, std::size_t size, Job&& job) {
  std::fill(out, out + size, -1.0);
  timed(state, job);
  tell_check(state, out, size);
}

/// The median of `samples` seconds, as the one iteration of a benchmark with manual time.
inline void tell_median(benchmark::State& state, std::vector<double> samples) {
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  for (auto _ : state) state.SetIterationTime(samples[samples.size() / 2]);
}

/// One job each 10 ms: everybody has gone to sleep in between.
template <class Job>
void timed_paced(benchmark::State& state, Job&& job) {
  warm(job);
  std::vector<double> samples(options.size);
  auto next = Clock::now();
  for (double& sample : samples) {
    std::this_thread::sleep_until(next += std::chrono::milliseconds(10));
    const auto begin = Clock::now();
    job();
    sample = seconds_since(begin);
  }
  tell_median(state, samples);
}

/// A tile's labour where tiles are uneven: one in fifty, at no regular distance, takes a hundred
/// times as long as the others' few microseconds.
inline double labour(std::size_t number) {
  const std::uint64_t hash = (number + 1) * 0x9e3779b97f4a7c15u >> 32;
  double x = static_cast<double>(number);
  for (int i = hash % 50 == 0 ? 100 * 1200 : 1200; i > 0; --i) x = x * 0.999 + 1.0;
  return x;
}

/// Heat on a square plate of floats, its first row hot: cells and steps.
inline constexpr int heat_steps = 200;
inline constexpr float heat_k = 0.2f;
inline void heat_start(float* plate, std::size_t side) {
  std::fill(plate, plate + side * side, 0.0f);
  std::fill(plate, plate + side, 100.0f);
}

using Function = void (*)(benchmark::State&);
inline void add(const char* name, Function function) {
  benchmark::RegisterBenchmark(name, function)->UseRealTime();
}
/// One that takes its own time, many jobs in one iteration or one job in each.
inline void add_once(const char* name, Function function) {
  benchmark::RegisterBenchmark(name, function)->UseManualTime()->Iterations(1);
}
inline void add_manual(const char* name, Function function) {
  benchmark::RegisterBenchmark(name, function)->UseManualTime();
}

inline void parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (i + 1 < argc && name == "--arrays")
      options.arrays = argv[++i];
    else if (i + 1 < argc && name == "--workers")
      options.workers = std::strtoul(argv[++i], nullptr, 10);
    else if (i + 1 < argc && name == "--tile")
      options.tile = std::strtoul(argv[++i], nullptr, 10);
    else if (i + 1 < argc && name == "--size")
      options.size = std::strtoul(argv[++i], nullptr, 10);
    else {
      std::fprintf(stderr,
                   "%s: [--arrays PREFIX] [--workers N] [--tile N] [--size N], and Google's\n",
                   argv[0]);
      std::exit(2);
    }
  }
}

/// main() of a program, after it has added its benchmarks.
template <class Prepare = void (*)()>
int run(
    int argc, char** argv, Prepare&& prepare = [] {}) {
  benchmark::Initialize(&argc, argv);
  parse(argc, argv);
  prepare();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace bench
