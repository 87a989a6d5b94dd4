// How far each month is from its mean over time, on a grid (time, latitude, longitude). It
// takes float32 and float64; the file's header says which.
// NaN (land, no observation) stays NaN. Two jobs of one pool: the second reads what the first
// wrote.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <tessera.hpp>

namespace {

using namespace tessera;

template <class T>
void print_summary(const SharedArray<T, 3>& anomaly) {
  const std::size_t cells = anomaly.shape(1) * anomaly.shape(2);
  std::printf("%6s %10s %10s %10s %10s\n", "step", "cells", "lowest", "mean", "highest");
  for (std::size_t step = 0; step < std::min<std::size_t>(anomaly.shape(0), 12); ++step) {
    const T* const begin = anomaly.data() + step * cells;
    double sum = 0, lowest = INFINITY, highest = -INFINITY;
    std::size_t count = 0;
    for (const T* x = begin; x != begin + cells; ++x) {
      if (std::isnan(*x)) continue;
      ++count;
      sum += *x;
      lowest = std::min<double>(lowest, *x);
      highest = std::max<double>(highest, *x);
    }
    if (count == 0) {
      std::printf("%6zu %10d %10s\n", step + 1, 0, "-");
      continue;
    }
    std::printf("%6zu %10zu %10.2f %10.2f %10.2f\n", step + 1, count, lowest,
                sum / static_cast<double>(count), highest);
  }
  if (anomaly.shape(0) > 12) std::printf("   ...\n");
}

template <class T>
void run(TiledPool& pool, const SharedArray<const T, 3>& field, const char* in, const char* out) {
  auto mean = SharedArray<double, 2>::create({field.shape(1), field.shape(2)});
  auto anomaly = SharedArray<T, 3>::create(field.shape());

  pool.map(
      {30, 60}, [](auto m, auto x) { m = xt::mean(x, {0}); }, into(mean), field);
  pool.map(
      {30, 60}, [](auto d, auto x, auto m) { d = x - m; }, into(anomaly), field, mean);

  anomaly.save(out);
  std::printf("%s: %zu steps of %zux%zu, each less the mean over time\n", in, field.shape(0),
              field.shape(1), field.shape(2));
  print_summary(anomaly);
  std::printf("Written to %s\n", out);
}

void run(const char* in, const char* out) {
  std::error_code missing;
  if (std::filesystem::equivalent(in, out, missing))
    throw Error(Errc::invalid_argument, out, "it is the input itself", "name another file");
  TiledPool pool;
  const auto file = AnyArray::load(in);
  file.visit<Elements<float, double>, Ranks<3>>(
      [&](const auto& field) { run(pool, field, in, out); });
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  constexpr const char* usage =
      "usage: anomaly IN.npy OUT.npy    (float32 or float64: time, lat, lon)";
  if (argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    std::printf(
        "%s\n\nWrites how far each step is from its mean over time. NaN stays NaN.\n"
        "OUT.npy is written over what is there.\n",
        usage);
    return 0;
  }
  if (argc != 3) {
    std::fprintf(stderr, "%s\n", usage);
    return 2;
  }
  try {
    run(argv[1], argv[2]);
    return 0;
  } catch (const JobError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
