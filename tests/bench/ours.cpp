// What the library's pool does. Each benchmark makes its own pool, before its arrays.
#include <signal.h>
#include <time.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <optional>
#include <tessera.hpp>

#include "bench.hpp"

namespace {

using bench::options;
using tessera::full;
using tessera::into;
using tessera::StartMethod;
using tessera::TiledPool;
using Array = tessera::SharedArray<double, 3>;
using State = benchmark::State;

/// The arrays that `hold` made.
struct Arrays {
  Array a = Array::attach(options.arrays + "-a"), b = Array::attach(options.arrays + "-b"),
        out = Array::attach(options.arrays + "-out");
};

constexpr auto natural = [](auto v, auto t, auto r) { v = t + r; };

void time_transform(State& state, TiledPool pool) {
  Arrays x;
  bench::timed_sum(state, x.out.data(), x.out.size(),
                   [&] { pool.transform(x.out, std::plus<>{}, x.a, x.b); });
}

void transform(State& state) { time_transform(state, TiledPool(options.workers)); }
void transform_spawned(State& state) {
  time_transform(state, TiledPool(options.workers, {.start_method = StartMethod::spawn}));
}

void map(State& state) {
  TiledPool pool(options.workers);
  Arrays x;
  bench::timed_sum(state, x.out.data(), x.out.size(), [&] {
    pool.map({options.tile, options.tile}, natural, into(x.out), x.a, x.b);
  });
}

void time_paced(State& state, TiledPool pool) {
  Arrays x;
  std::fill(x.out.data(), x.out.data() + x.out.size(), -1.0);
  bench::timed_paced(state, [&] { pool.transform(x.out, std::plus<>{}, x.a, x.b); });
  bench::tell_check(state, x.out.data(), x.out.size());
}

void paced(State& state) { time_paced(state, TiledPool(options.workers)); }
void paced_spawned(State& state) {
  time_paced(state, TiledPool(options.workers, {.start_method = StartMethod::spawn}));
}

/// From nothing to the end of a first job with a tile for each worker, in a program that has so
/// many MB of memory of its own.
void time_start(State& state, StartMethod method) {
  static const std::vector<char> own(options.size << 20, 1);  // once: it takes seconds
  benchmark::DoNotOptimize(own.data());
  auto small = Array::create({options.workers, 1, 1});
  for (auto _ : state) {
    const auto begin = bench::Clock::now();
    TiledPool pool(options.workers, {.start_method = method});
    pool.map(
        {1, full, full}, [](auto v) { v = 1.0; }, into(small));
    state.SetIterationTime(bench::seconds_since(begin));
  }
  bench::tell_check(state, small.data(), small.size());
}
void start_forked(State& state) { time_start(state, StartMethod::fork); }
void start_spawned(State& state) { time_start(state, StartMethod::spawn); }

/// The first job on new arrays: their space reserved and the inputs filled before the clock starts,
/// the workers there.
void first(State& state) {
  TiledPool pool(options.workers);
  auto small = Array::create({1, 1, 2});
  pool.transform(small, std::plus<>{}, small, small);
  const bench::Grids x;
  auto a = Array::create(x.shape), b = Array::create(x.shape), out = Array::create(x.shape);
  std::memcpy(a.data(), x.a, x.size * sizeof(double));
  std::memcpy(b.data(), x.b, x.size * sizeof(double));
  const auto begin = bench::Clock::now();
  pool.transform(out, std::plus<>{}, a, b);
  const double taken = bench::seconds_since(begin);
  bench::tell_check(state, out.data(), out.size());
  for (auto _ : state) state.SetIterationTime(taken);
}

/// Programs that run side by side: arrays of their own.
void time_copies(State& state, TiledPool pool) {
  auto a = Array::copy_of(Array::attach(options.arrays + "-a")),
       b = Array::copy_of(Array::attach(options.arrays + "-b")), out = Array::create(a.shape());
  bench::timed_sum(state, out.data(), out.size(),
                   [&] { pool.transform(out, std::plus<>{}, a, b); });
}

void side_by_side(State& state) { time_copies(state, TiledPool(options.workers)); }
void side_by_side_unpinned(State& state) {
  time_copies(state, TiledPool(options.workers, {.pin = false}));
}

void empty_tiles(State& state) {
  TiledPool pool(options.workers);
  auto array = tessera::SharedArray<std::uint8_t, 1>::create({options.size});
  const auto numbers = pool.map(
      {1}, [](const tessera::Tile<1>& it, auto) { return static_cast<double>(it.number()); },
      array);
  bench::timed(state, [&] {
    pool.map(
        {1}, [](auto) {}, array);
  });
  bench::tell_check(state, numbers.data(), numbers.size());
}

void transform_caller(State& state) {
  time_transform(state, TiledPool(options.workers, {.caller_computes = true}));
}

void transform_tiles(State& state) {
  TiledPool pool(options.workers);
  Arrays x;
  bench::timed_sum(state, x.out.data(), x.out.size(), [&] {
    pool.transform({options.tile, options.tile}, x.out, std::plus<>{}, x.a, x.b);
  });
}

/// A job that costs nothing, on an array of any size.
void empty_job(State& state) {
  TiledPool pool(options.workers);
  auto array = Array::attach(options.arrays + "-out");
  bench::timed(state, [&] {
    pool.map(
        {1, full, full}, [](auto) {}, into(array));
  });
  state.counters["check"] = static_cast<double>(pool.report().tiles);
}

void uneven(State& state) {
  TiledPool pool(options.workers);
  auto out = tessera::SharedArray<double, 1>::create({options.size});
  bench::timed_sum(state, out.data(), out.size(), [&] {
    pool.map(
        {1}, [](const tessera::Tile<1>& it, auto v) { v = bench::labour(it.number()); }, into(out));
  });
}

void heat(State& state) {
  TiledPool pool(options.workers);
  using Plate = tessera::SharedArray<float, 2>;
  const std::size_t side = options.size;
  auto u = Plate::create({side, side}), next = Plate::create({side, side});
  const auto at = [side](auto& plate, std::size_t y, std::size_t x) {
    return xt::view(plate, xt::range(y, y + side - 2), xt::range(x, x + side - 2));
  };
  bench::timed(
      state,
      [&] {
        bench::heat_start(u.data(), side);
        bench::heat_start(next.data(), side);
        for (int step = 0; step < bench::heat_steps; ++step) {
          pool.map(
              {64, full},
              [k = bench::heat_k](auto out, auto c, auto north, auto south, auto west, auto east) {
                out = c + k * (north + south + west + east - 4.0f * c);
              },
              into(at(next, 1, 1)), at(u, 1, 1), at(u, 0, 1), at(u, 2, 1), at(u, 1, 0),
              at(u, 1, 2));
          std::swap(u, next);
        }
      },
      1);
  bench::tell_check(state, u.data(), u.size());
}

/// The classic job: pool, three named arrays, the sum, the pool's end, the arrays' end.
void classic(State& state) {
  const bench::Grids x;
  const std::string suffix = "-classic-" + std::to_string(tessera::host::own_pid());
  for (auto _ : state) {
    const auto begin = bench::Clock::now();
    auto pool = std::make_optional<TiledPool>(options.workers);
    auto tmp = Array::create("tmp" + suffix, x.shape), rad = Array::create("rad" + suffix, x.shape),
         vpd = Array::create("vpd" + suffix, x.shape);
    std::memcpy(tmp.data(), x.a, x.size * sizeof(double));
    std::memcpy(rad.data(), x.b, x.size * sizeof(double));
    const auto ones = pool->map(
        {options.tile, options.tile},
        [](auto v, auto t, auto r) {
          v = t + r;
          return 1;
        },
        into(vpd), tmp, rad);
    const double until_mapped = bench::seconds_since(begin);
    bench::tell_check(state, vpd.data(), vpd.size());
    const auto end = bench::Clock::now();
    pool.reset();
    for (auto* const array : {&tmp, &rad, &vpd}) *array = Array();
    state.SetIterationTime(until_mapped + bench::seconds_since(end));
    if (std::count(ones.begin(), ones.end(), 1) != static_cast<std::ptrdiff_t>(ones.size()))
      state.SkipWithError("not every tile returned 1");
  }
}

/// The number behind a word in one of /proc's files, in kB where it speaks of memory.
double told_by(const std::string& path, const std::string& word) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.rfind(word, 0) == 0) return std::stod(line.substr(word.size()));
  throw std::runtime_error(path + " does not tell " + word);
}

double cpu_seconds(int pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    throw std::runtime_error("no clock of a pool's process");
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The share of a core that keeper and workers use while nothing is to do.
void idle(State& state) {
  TiledPool pool(options.workers);
  auto small = Array::create({1, 1, 2});
  pool.transform(small, std::plus<>{}, small, small);
  auto pids = pool.worker_pids();
  pids.push_back(
      static_cast<int>(told_by("/proc/" + std::to_string(pids.at(0)) + "/status", "PPid:")));
  const auto used = [&] {
    double sum = 0;
    for (const int pid : pids) sum += cpu_seconds(pid);
    return sum;
  };
  // What the job itself leaves to do, spinning among it, is over by then.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const double before = used();
  const auto begin = bench::Clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(options.size));
  state.counters["value"] = (used() - before) / bench::seconds_since(begin);
  for (auto _ : state) state.SetIterationTime(1);
}

/// The private memory of the worker that has most, after jobs on the held arrays, in MB.
void private_memory(State& state) {
  TiledPool pool(options.workers);
  Arrays x;
  // Pages that nobody but a worker has touched would count as its own.
  std::fill(x.out.data(), x.out.data() + x.out.size(), -1.0);
  double most = 0, tables = 0;
  for (int i = 0; i < 2; ++i) pool.transform(x.out, std::plus<>{}, x.a, x.b);
  pool.map({options.tile, options.tile}, natural, into(x.out), x.a, x.b);
  for (const int pid : pool.worker_pids()) {
    const std::string folder = "/proc/" + std::to_string(pid);
    const std::string memory = folder + "/smaps_rollup";
    most = std::max(most, told_by(memory, "Private_Clean:") + told_by(memory, "Private_Dirty:"));
    tables = std::max(tables, told_by(folder + "/status", "VmPTE:"));
  }
  state.counters["value"] = most / 1024;
  state.counters["page_tables_MB"] = tables / 1024;
  for (auto _ : state) state.SetIterationTime(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  bench::add("transform", transform);
  bench::add("transform_spawned", transform_spawned);
  bench::add("transform_caller", transform_caller);
  bench::add("transform_tiles", transform_tiles);
  bench::add("map", map);
  bench::add_once("paced", paced);
  bench::add_once("paced_spawned", paced_spawned);
  bench::add_manual("start_forked", start_forked);
  bench::add_manual("start_spawned", start_spawned);
  bench::add_once("first", first);
  bench::add("side_by_side", side_by_side);
  bench::add("side_by_side_unpinned", side_by_side_unpinned);
  bench::add("empty_tiles", empty_tiles);
  bench::add("empty_job", empty_job);
  bench::add("uneven", uneven);
  bench::add("heat", heat);
  bench::add_manual("classic", classic);
  bench::add_once("idle", idle);
  bench::add_once("private_memory", private_memory);
  return bench::run(argc, argv);
}
