// A job that runs for hours on files that may be larger than memory: how far each month is from its
// mean over time, as in anomaly.cpp, with its progress on the screen, Ctrl-C, and a bad tile that
// does not spoil the others. What is left to do is told, and done by a later run that names it.
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tessera.hpp>
#include <vector>

namespace {

using namespace tessera;
using namespace std::chrono_literals;

volatile std::sig_atomic_t interrupted = 0;

std::vector<std::size_t> numbers(char** begin, char** end) {
  std::vector<std::size_t> out;
  for (; begin != end; ++begin) {
    const std::string_view text(*begin);
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out.emplace_back());
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
      throw std::invalid_argument("not the number of a tile: " + std::string(text));
  }
  return out;
}

// All tiles into a new file, or just `again` into one that is there.
void run(TiledPool& pool, const char* from, const char* to, const std::vector<std::size_t>& again) {
  const auto in = SharedArray<const float, 3>::map_file(from);
  auto out = again.empty() ? SharedArray<float, 3>::create_file(to, in.shape())
                           : SharedArray<float, 3>::map_file(to);
  JobOptions options{.rerun = Rerun::allowed, .on_throw = OnThrow::collect, .tile_deadline = 60s};
  if (!again.empty()) options.only = again;

  const auto anomaly = [](const Tile<2>& tile, auto o, auto x) {
    if (xt::any(xt::isinf(x)))
      throw std::domain_error("infinite value near row " + std::to_string(tile.lo(0)));
    o = x - xt::mean(x, {0});
  };
  auto job = pool.map_async({64, 64}, options, anomaly, into(out), in);
  while (!job.wait_for(200ms)) {
    const auto [done, total] = job.progress();
    std::cerr << '\r' << 100 * done / total << " % " << std::flush;
    if (interrupted) job.cancel();  // what runs is finished, and what is done stays
  }
  std::cerr << '\r';
  job.get();
  out.flush();
  std::printf("Written to %s in %.1f s\n", to, job.report().seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  constexpr const char* usage =
      "usage: overnight IN.npy OUT.npy [TILE...]    (float32: time, lat, lon)";
  if (argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    std::printf(
        "%s\n\nWrites how far each step is from its mean over time, in 64x64 tiles. OUT.npy is a\n"
        "new file; with numbers of tiles it is one that is there, and only these are done.\n",
        usage);
    return 0;
  }
  if (argc < 3) {
    std::fprintf(stderr, "%s\n", usage);
    return 2;
  }
  try {
    TiledPool pool;
    std::signal(SIGINT, [](int) { interrupted = 1; });
    run(pool, argv[1], argv[2], numbers(argv + 3, argv + argc));
    return 0;
  } catch (const JobError& error) {
    std::cerr << error.what() << "\nTo do again:";
    for (const auto tile : error.unfinished) std::cerr << ' ' << tile;
    std::cerr << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
