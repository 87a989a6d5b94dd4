// A job that runs for hours on files that may be larger than memory: how far each month is from its
// mean over time, as in anomaly.cpp, with its progress on a terminal, Ctrl-C, and a bad tile that
// does not spoil the others. What is left to do is told, and done by a later run that names it.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tessera.hpp>
#include <utility>
#include <vector>

#if __has_include(<unistd.h>)
#include <unistd.h>
#else
#include <io.h>
#define isatty _isatty
#endif

namespace {

using namespace tessera;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// What Ctrl-C ends: at once what is not begun; what runs is finished, and what is done stays. The
// second one ends the program.
using TileJob = Job<void>;
std::atomic<TileJob*> running{nullptr};
volatile std::sig_atomic_t interrupted = 0;

extern "C" void interrupt(int signal) {
  std::signal(signal, SIG_DFL);
  interrupted = 1;
  if (auto* const job = running.load()) job->cancel();
}

// Tiles in words, and out of them: "3-17,40". The numbers of an argument that a person gives are
// ranges too, so that their count is bounded by that of the tiles, not by the memory.
using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

std::string words_of(std::vector<std::size_t> tiles) {
  std::sort(tiles.begin(), tiles.end());
  std::string out;
  for (std::size_t k = 0; k < tiles.size();) {
    const auto first = tiles[k];
    auto last = first;
    while (++k < tiles.size() && tiles[k] == last + 1) ++last;
    if (!out.empty()) out += ',';
    out += std::to_string(first);
    if (last != first) out += '-' + std::to_string(last);
  }
  return out;
}

void add_ranges(Ranges& ranges, std::string_view text) {
  const auto refuse = [&] {
    throw std::invalid_argument("not the numbers of tiles, such as 3-17,40: " + std::string(text));
  };
  const char *at = text.data(), *const end = at + text.size();
  const auto number = [&] {
    std::size_t out = 0;
    const auto parsed = std::from_chars(at, end, out);
    if (parsed.ec != std::errc()) refuse();
    at = parsed.ptr;
    return out;
  };
  for (;;) {
    const auto first = number();
    auto last = first;
    if (at != end && *at == '-') last = (++at, number());
    if (last < first) refuse();
    ranges.emplace_back(first, last);
    if (at == end) return;
    if (*at++ != ',') refuse();
  }
}

std::vector<std::size_t> tiles_of(const Ranges& ranges, std::size_t count) {
  std::vector<std::size_t> out;
  for (const auto& [first, last] : ranges) {
    if (last >= count)
      throw std::invalid_argument("there is no tile " + std::to_string(last) + ": they are 0 to " +
                                  std::to_string(count - 1));
    for (auto tile = first; tile <= last; ++tile) out.push_back(tile);
  }
  return out;
}

// "1 h 05 min", "4 min 20 s", "7 s".
std::string duration(double seconds) {
  if (!(seconds < 1e9)) return "very long";
  const auto s = static_cast<long long>(seconds + 0.5);
  char text[64];
  if (s >= 3600)
    std::snprintf(text, sizeof text, "%lld h %02lld min", s / 3600, s / 60 % 60);
  else if (s >= 60)
    std::snprintf(text, sizeof text, "%lld min %02lld s", s / 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%lld s", s);
  return text;
}

// One line of a terminal that is written anew each time; nothing where there is no terminal.
class ProgressLine {
 public:
  ~ProgressLine() { show(""); }

  void show(std::size_t done, std::size_t total) {
    if (!terminal_ || total == 0) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double rate = static_cast<double>(done) / seconds;
    char text[160];
    std::snprintf(text, sizeof text, "%zu of %zu tiles (%zu %%), %.3g tiles/s, ", done, total,
                  100 * done / total, rate);
    show(text + (done == 0 ? "time left unknown"
                           : duration(static_cast<double>(total - done) / rate) + " left"));
  }

 private:
  void show(const std::string& text) {
    if (!terminal_ || (text.empty() && width_ == 0)) return;
    std::cerr << '\r' << text << std::string(width_ > text.size() ? width_ - text.size() : 0, ' ')
              << (text.empty() ? "\r" : "") << std::flush;
    width_ = text.size();
  }

  const bool terminal_ = isatty(2) != 0;
  const Clock::time_point start_ = Clock::now();
  std::size_t width_ = 0;
};

// All tiles into a new file, or just `again` into one that is there.
template <class T>
void run(TiledPool& pool, const SharedArray<const T, 3>& in, const char* to, const Ranges& again) {
  JobOptions options{.rerun = Rerun::allowed, .on_throw = OnThrow::collect, .tile_timeout = 60s};
  constexpr std::size_t edge = 64;
  if (!again.empty())
    options.only =
        tiles_of(again, ((in.shape(1) + edge - 1) / edge) * ((in.shape(2) + edge - 1) / edge));
  auto out = again.empty() ? SharedArray<T, 3>::create_file(to, in.shape())
                           : SharedArray<T, 3>::map_file(to);

  const auto anomaly = [](const Tile<2>& tile, auto o, auto x) {
    if (xt::any(xt::isinf(x)))
      throw std::domain_error("infinite value near row " + std::to_string(tile.lo(0)));
    o = x - xt::mean(x, {0});
  };
  TileJob job = pool.map_async({edge, edge}, options, anomaly, into(out), in);
  running = &job;
  if (interrupted) job.cancel();
  {
    ProgressLine line;
    while (!job.wait_for(200ms)) {
      const auto [done, total] = job.progress();
      line.show(done, total);
    }
  }
  running = nullptr;
  job.get();
  out.flush();
  std::printf("Written to %s in %s\n", to, duration(job.report().seconds).c_str());
}

void run(TiledPool& pool, const char* from, const char* to, const Ranges& again) {
  std::error_code missing;
  if (std::filesystem::equivalent(from, to, missing))
    throw std::invalid_argument(std::string(to) + ": it is the input itself; name another file");
  AnyArray::map_file(from).visit<Elements<float, double>, tessera::Ranks<3>>(
      [&](const auto& in) { run(pool, in, to, again); });
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  constexpr const char* usage =
      "usage: overnight IN.npy OUT.npy [--only] [TILES]  (float32, float64: time, lat, lon)";
  if (argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    std::printf(
        "%s\n\nWrites how far each step is from its mean over time, in 64x64 tiles. OUT.npy is a\n"
        "new file; with numbers of tiles, such as 3-17,40, it is one that is there, and only\n"
        "these are done. Ctrl-C, and a tile that fails, leave what is done and tell the others.\n",
        usage);
    return 0;
  }
  if (argc < 3) {
    std::fprintf(stderr, "%s\n", usage);
    return 2;
  }
  try {
    Ranges again;
    for (int k = 3; k < argc; ++k)
      if (k != 3 || argc == 4 || argv[k] != std::string_view("--only")) add_ranges(again, argv[k]);
    TiledPool pool;
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    run(pool, argv[1], argv[2], again);
    return 0;
  } catch (const JobError& error) {
    std::cerr << error.what() << "\nTo do again: " << words_of(error.unfinished) << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
