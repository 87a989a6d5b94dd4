// Where the time goes: when each tile of a job began and ended, and in which worker, as a picture.
// The kernel sorts the months of each cell, so tiles over land, where nothing is known, are quick.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <tessera.hpp>

namespace {

using namespace tessera;

/// One row for each worker, one bar for each tile; its darkness tells how long it took.
void write_svg(const std::string& path, const Report& report) {
  constexpr double width = 900, row = 26, left = 80, top = 40;
  const auto workers = report.tiles_per_worker.size();
  double longest = 1e-9;
  for (const auto& tile : report.timeline) longest = std::max(longest, tile.end - tile.begin);
  const double all = std::max(report.seconds, 1e-9);
  std::ofstream out(path);
  out << "<svg xmlns='http://www.w3.org/2000/svg' width='" << left + width + 20 << "' height='"
      << top + row * static_cast<double>(workers) + 40
      << "' font-family='sans-serif' font-size='13'>\n<rect width='100%' height='100%' "
         "fill='white'/>\n<text x='10' y='22'>"
      << report.timeline.size() << " tiles, " << workers << " workers, " << 1e3 * report.seconds
      << " ms</text>\n";
  for (std::size_t w = 0; w < workers; ++w)
    out << "<text x='10' y='" << top + row * static_cast<double>(w) + 17 << "'>worker " << w
        << "</text>\n";
  for (const auto& tile : report.timeline) {
    const double x = left + width * tile.begin / all, length = tile.end - tile.begin;
    out << "<rect x='" << x << "' y='" << top + row * static_cast<double>(tile.worker)
        << "' width='" << std::max(0.5, width * length / all) << "' height='" << row - 4
        << "' fill='rgb(33,144,140)' stroke='white' stroke-width='0.4' fill-opacity='"
        << 0.3 + 0.7 * length / longest << "'><title>tile " << tile.tile << ": " << 1e6 * length
        << " us</title></rect>\n";
  }
  for (int mark = 0; mark <= 4; ++mark)
    out << "<text x='" << left + width * mark / 4 << "' y='"
        << top + row * static_cast<double>(workers) + 20 << "' text-anchor='middle'>"
        << 1e3 * all * mark / 4 << " ms</text>\n";
  out << "</svg>\n";
  if (!out.flush()) throw Error(Errc::system, path, "it can't be written");
}

void run(const char* in, const char* svg) {
  TiledPool pool;
  const auto field = SharedArray<float, 3>::load(in);
  auto median = SharedArray<float, 2>::create({field.shape(1), field.shape(2)});
  pool.map(
      {10, 20}, {.timeline = true}, [](auto m, auto x) { m = xt::median(x, 0); }, into(median),
      field);
  const auto report = pool.report();
  write_svg(svg, report);
  std::printf("%zu tiles in %.3f ms; written to %s\n", report.timeline.size(), 1e3 * report.seconds,
              svg);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  if (argc != 3) {
    std::fprintf(stderr, "usage: timeline IN.npy OUT.svg    (float32: time, lat, lon)\n");
    return 2;
  }
  try {
    run(argv[1], argv[2]);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
