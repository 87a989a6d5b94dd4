// The sum of two grids, tile by tile, by worker processes that attach three arrays by name. Without
// arguments it adds random numbers; with files it adds what they hold. The element type and the
// rank are known only when the program runs: visit_dtype() finds the add<T, N>() that fits them.
#include <CLI/CLI.hpp>
#include <complex>
#include <cstdio>
#include <filesystem>
#include <random>
#include <regex>
#include <tessera.hpp>

namespace {

using namespace tessera;
using Extents = std::vector<std::size_t>;
using Types = Elements<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                       std::uint16_t, std::uint32_t, std::uint64_t, float, double,
                       std::complex<float>, std::complex<double>>;

struct Options {
  std::string a, b, out, keep, dtype = "float64", shape = "365x16x16", tile;
  Extents extents, tile_extents;  // of the grid; of a tile, along the last axes
  std::size_t workers = 10;
  bool spawn = false;
};

void require(bool holds, const std::string& text) {
  if (!holds) throw std::runtime_error("tiled_add: " + text);
}

/// Prints the results as the grid of tiles that they are, if it fits a screen.
template <std::size_t N>
void print_results(const xt::xtensor<int, N>& ones) {
  std::printf("\n%zu tiles, each returned 1; the sum is %d\n", ones.size(), xt::sum(ones)());
  const std::size_t columns = ones.shape(N - 1);
  if (columns > 36 || ones.size() > 16 * columns) return;
  for (std::size_t k = 0; k < ones.size(); ++k)
    std::printf("%s%d%s", k % columns ? " " : "  ", ones.flat(k), (k + 1) % columns ? "" : "\n");
}

/// The job for one element type and rank. Returns the exit code.
template <class T, std::size_t N>
[[gnu::cold]] int add(const Options& options) {  // cold: 52 are compiled, one runs, once
  using Array = SharedArray<T, N>;
  using Sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>;  // wraps, as NumPy's
  TiledPool pool(options.workers,  // before there are threads or large arrays
                 {.start_method = options.spawn ? StartMethod::spawn : PoolOptions{}.start_method});
  std::mt19937_64 random(std::random_device{}());
  const std::string suffix = "-" + std::to_string(random() % 1000000);
  const auto make = [&](const std::string& file, const std::string& name) {
    if (!file.empty()) return Array::load(name, file);
    auto array = Array::create(name, options.extents);
    std::uniform_real_distribution<float> uniform;  // integers and bools become 0 or 1
    for (auto& x : array)
      x = static_cast<T>(std::is_integral_v<T> ? std::round(uniform(random)) : uniform(random));
    return array;
  };
  const auto a = make(options.a, "tmp" + suffix), b = make(options.b, "rad" + suffix);
  auto out = Array::create(options.keep.empty() ? "vpd" + suffix : options.keep, options.extents);
  std::array<std::size_t, N> tile;
  std::ranges::copy(options.tile_extents, tile.begin());
  const auto kernel = [](auto v, auto t, auto r) {
    v = xt::cast<Sum>(t) + xt::cast<Sum>(r);
    return 1;
  };
  print_results<N>(pool.map(tile, kernel, into(out), a, b));
  std::printf("\nadded in %.3f ms; %.3f MB in shared memory: %s %s %s\n",
              1e3 * pool.report().seconds, static_cast<double>(3 * out.size() * sizeof(T)) / 1e6,
              a.name().c_str(), b.name().c_str(), out.name().c_str());
  for (std::size_t k = 0; k < out.size(); ++k) {
    const auto got = out.data()[k], sum = static_cast<T>(Sum(a.data()[k]) + Sum(b.data()[k]));
    if (got == sum || (got != got && sum != sum)) continue;  // NaN stays NaN
    std::puts("WRONG: the result differs from a single-process sum.");
    return 1;
  }
  std::puts("The result equals a single-process sum.");
  if (!options.out.empty()) out.save(options.out);
  if (!options.keep.empty()) {
    out.keep();
    std::printf("Kept. In Python: np.load(\"%s\", mmap_mode=\"r+\"). Remove it: rm %s\n",
                out.path().c_str(), out.path().c_str());
  }
  return 0;
}

Extents extents_of(const std::string& option, const std::string& text) {
  static const std::regex form("(full|[1-9][0-9]{0,17})(x(full|[1-9][0-9]{0,17})){0,3}");
  require(std::regex_match(text, form), option + ": write it as 4x4, not as '" + text + "'");
  Extents out;
  std::stringstream words(text);
  for (std::string word; std::getline(words, word, 'x');)
    out.push_back(word == "full" ? full : std::stoull(word));
  return out;
}

std::string joined(const Extents& extents) {
  std::string out;
  for (const auto extent : extents) out += std::to_string(extent) + 'x';
  return out.substr(0, out.size() - 1);
}

/// Refuses what can be known before a process is started or a byte is reserved.
void check(Options& options) {
  if (options.a.empty()) {
    options.extents = extents_of("--shape", options.shape);
  } else {
    const auto a = AnyArray::map_file(options.a), b = AnyArray::map_file(options.b);
    options.dtype = a.dtype().name();
    options.extents = a.shape();
    require(options.dtype == b.dtype().name(),
            "element types differ: " + options.dtype + " and " + b.dtype().name());
    require(a.shape() == b.shape(),
            "shapes differ: " + joined(a.shape()) + " and " + joined(b.shape()));
  }
  require(Dtype::named(options.dtype) &&
              visit_dtype<Types>(*Dtype::named(options.dtype), []<class T>() {}),
          "no type here: " + options.dtype + " " + options.a +
              "; use bool, int8 to int64, uint8 to uint64, float32, float64, complex64 or "
              "complex128");
  const auto rank = options.extents.size();
  require(rank >= 1 && rank <= 4, options.a + ": give files of 1 to 4 axes");
  if (options.tile.empty()) options.tile = rank == 1 ? "4" : "4x4";
  auto& tile = options.tile_extents = extents_of("--tile", options.tile);
  require(tile.size() <= rank, "--tile " + options.tile + " has too many axes");
  tile.insert(tile.begin(), rank - tile.size(), full);
  if (options.out.empty()) return;
  const auto out = std::filesystem::absolute(options.out);
  require(is_directory(out.parent_path()) && !is_directory(out),
          "--out " + options.out + ": there is no folder for it, or it is one");
  std::error_code missing;
  for (const auto& in : {options.a, options.b})
    require(!equivalent(out, in, missing), "--out " + options.out + ": it is the input itself");
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("The sum of two grids, tile by tile, by worker processes on shared memory.");
  app.footer("Exit codes: 0 the sum is right, 1 it is not, 2 the input can't be used.");
  const auto text = [&](const char* name, std::string& value, const char* type, const char* help) {
    const auto check = [](const std::string& s) { return std::string(s.empty() ? "empty" : ""); };
    return app.add_option(name, value, help)->type_name(type)->check(check);
  };
  auto* const a = text("--a", options.a, "A.npy", "First summand, an .npy file");
  a->needs(text("--b", options.b, "B.npy", "Second summand, of the same type and shape")->needs(a));
  text("--out", options.out, "OUT.npy", "Write the sum to this file, over what is there");
  text("--tile", options.tile, "4x4", "Tile of the last axes; 'full' is a whole axis");
  text("--shape", options.shape, "365x16x16", "Shape of random input, 1 to 4 axes")->excludes(a);
  text("--dtype", options.dtype, "float64", "Type of random input, as NumPy names it")->excludes(a);
  text("--keep", options.keep, "NAME", "Leave the sum in shared memory under this name");
  app.add_flag("--spawn", options.spawn, "Start workers as new programs, as on Windows");
  app.add_option("--workers", options.workers, "Worker processes: 10")->check(CLI::Range(1, 1024));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    require(error.get_exit_code() == 0, std::string(error.what()) + "; see tiled_add --help");
    return app.exit(error);
  }
  check(options);
  std::printf("%s of %s in tiles of %s, %zu workers\n", joined(options.extents).c_str(),
              options.dtype.c_str(), options.tile.c_str(), options.workers);
  return *visit_dtype<Types, Ranks<1, 2, 3, 4>>(
      *Dtype::named(options.dtype), options.extents.size(),
      [&]<class T, std::size_t N>() { return add<T, N>(options); });
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return dynamic_cast<const JobError*>(&error) ? 1 : 2;
  }
}
