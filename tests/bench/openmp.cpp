// What threads do: OpenMP, two of them, static schedule, on the library's own segments.
#include <omp.h>

#include <utility>

#include "bench.hpp"

namespace {

using bench::options;
using State = benchmark::State;

void add(double* __restrict out, const double* __restrict a, const double* __restrict b,
         std::size_t size) {
#pragma omp parallel for simd schedule(static)
  for (std::size_t i = 0; i < size; ++i) out[i] = a[i] + b[i];
}

void plain(State& state) {
  const bench::Grids x;
  bench::timed_sum(state, x.out, x.size, [&] { add(x.out, x.a, x.b, x.size); });
}

void tiles(State& state) {
  const bench::Grids x;
  bench::timed_sum(state, x.out, x.size, [&] {
#pragma omp parallel for schedule(static) collapse(2)
    for (std::size_t i = 0; i < x.shape[1]; i += options.tile)
      for (std::size_t j = 0; j < x.shape[2]; j += options.tile)
        bench::add_tile(x.shape, i, j, x.out, x.a, x.b);
  });
}

/// The sum in bands: all columns of a row of tiles, which is what these tiles are merged to.
void bands(State& state) {
  const bench::Grids x;
  bench::timed_sum(state, x.out, x.size, [&] {
    const auto [depth, height, width] = x.shape;
    double* __restrict const out = x.out;
    const double* __restrict const a = x.a, * __restrict const b = x.b;
#pragma omp parallel for schedule(static)
    for (std::size_t i = 0; i < height; i += options.tile) {
      const std::size_t length = std::min(options.tile, height - i) * width;
      for (std::size_t z = 0; z < depth; ++z) {
        const std::size_t at = (z * height + i) * width;
#pragma omp simd
        for (std::size_t k = at; k < at + length; ++k) out[k] = a[k] + b[k];
      }
    }
  });
}

/// The first pass over new arrays: their space reserved and the inputs filled before the clock
/// starts, the team of threads awake. What was filled here is mapped here already, unless the
/// arrays are attached anew.
template <bool anew>
void first(State& state) {
  const bench::Grids x;
  auto a = bench::new_segment<double>(x.shape), b = bench::new_segment<double>(x.shape),
       out = bench::new_segment<double>(x.shape);
  std::memcpy(a->data(), x.a, x.size * sizeof(double));
  std::memcpy(b->data(), x.b, x.size * sizeof(double));
  const auto seen = [](const std::shared_ptr<tessera::Segment>& made) {
    return anew ? bench::attach(made->name()) : made;
  };
  const auto a_seen = seen(a), b_seen = seen(b), out_seen = seen(out);
#pragma omp parallel
  benchmark::ClobberMemory();
  const auto begin = bench::Clock::now();
  add(bench::elements(*out_seen), bench::elements(*a_seen), bench::elements(*b_seen), x.size);
  const double taken = bench::seconds_since(begin);
  bench::tell_check(state, bench::elements(*out_seen), x.size);
  for (auto _ : state) state.SetIterationTime(taken);
}

void heat_step(float* __restrict out, const float* __restrict in, std::size_t side) {
#pragma omp parallel for schedule(static)
  for (std::size_t y = 1; y < side - 1; ++y) {
    const std::size_t row = y * side;
#pragma omp simd
    for (std::size_t x = row + 1; x < row + side - 1; ++x)
      out[x] = in[x] +
               bench::heat_k * (in[x - side] + in[x + side] + in[x - 1] + in[x + 1] - 4.0f * in[x]);
  }
}

void heat(State& state) {
  const std::size_t side = options.size;
  const auto one = bench::new_segment<float>(std::array{side, side}),
             two = bench::new_segment<float>(std::array{side, side});
  auto *u = reinterpret_cast<float*>(one->data()), *next = reinterpret_cast<float*>(two->data());
  bench::timed(
      state,
      [&] {
        bench::heat_start(u, side);
        bench::heat_start(next, side);
        for (int step = 0; step < bench::heat_steps; ++step) {
          heat_step(next, u, side);
          std::swap(u, next);
        }
      },
      1);
  bench::tell_check(state, u, side * side);
}

}  // namespace

int main(int argc, char** argv) {
  bench::add("plain", plain);
  bench::add("tiles", tiles);
  bench::add("bands", bands);
  bench::add_once("first", first<false>);
  bench::add_once("first_anew", first<true>);
  bench::add("heat", heat);
  return bench::run(argc, argv, [] { omp_set_num_threads(static_cast<int>(options.workers)); });
}
