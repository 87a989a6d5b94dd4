// The sum of two grids, tile by tile, by worker processes that find three arrays by name. With no
// arguments the classic job on random numbers; with files the same on them, whatever their element
// type and rank. The element type and the rank, known only when the program runs, choose one row
// and one column of a table of functions; everything below `add` is ordinary code.
#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <complex>
#include <cstdio>
#include <filesystem>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <tessera.hpp>
#include <type_traits>
#include <vector>

namespace {

using namespace tessera;
using Extents = std::vector<std::size_t>;

struct Options {
  std::string a, b, out, keep, dtype = "float64";
  Extents shape{365, 16, 16}, tile;  // tile: of the trailing axes
  std::size_t workers = 10;
  bool spawn = false;  // workers are this program started again, not copies of it
};

/// Milliseconds of each phase, in the order in which they came.
class Phases {
 public:
  void end(const char* phase) {
    const auto now = Clock::now();
    times_.emplace_back(phase, std::chrono::duration<double, std::milli>(now - last_).count());
    last_ = now;
  }
  void skip() { last_ = Clock::now(); }
  void print() const {
    double sum = 0;
    for (const auto& [phase, time] : times_) {
      std::printf("  %-15s %10.3f ms\n", phase, time);
      sum += time;
    }
    std::printf("  %-15s %10.3f ms\n", "in all", sum);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  std::vector<std::pair<const char*, double>> times_;
};

/// NumPy's sum: integers wrap around, of bools it is "or".
template <class T>
T sum(T a, T b) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
  } else {
    return static_cast<T>(a + b);
  }
}

template <class T>
T random_element(std::mt19937_64& random) {
  if constexpr (requires { typename T::value_type; }) {  // complex
    using Part = typename T::value_type;
    const auto real = random_element<Part>(random);
    return {real, random_element<Part>(random)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(random() >> 40) * static_cast<T>(0x1p-24);
  } else if constexpr (std::is_same_v<T, bool>) {
    return (random() & 1) != 0;
  } else {
    return static_cast<T>(random());
  }
}

template <class T>
void fill_random(std::span<T> elements, std::mt19937_64& random) {
  for (auto& element : elements) element = random_element<T>(random);
}

std::string joined(std::span<const std::size_t> extents) {
  std::string out;
  for (const auto extent : extents) {
    if (!out.empty()) out += 'x';
    out += extent == full ? "full" : std::to_string(extent);
  }
  return out;
}

/// 365x16x16, or with `full` allowed 30xfull. Throws a CLI11 error that says how it is written.
Extents extents_of(const std::string& option, const std::string& text, bool full_allowed) {
  Extents out;
  std::stringstream words(text + "x");
  for (std::string word; std::getline(words, word, 'x');) {
    const bool number = !word.empty() && word.size() < 19 &&
                        word.find_first_not_of("0123456789") == std::string::npos &&
                        word.find_first_not_of('0') != std::string::npos;
    if (full_allowed && word == "full") {
      out.push_back(full);
    } else if (number) {
      out.push_back(std::stoull(word));
    } else {
      throw CLI::ValidationError(option,
                                 "'" + text + "' is not made of numbers from 1 on" +
                                     (full_allowed ? " or 'full'; write it as 4x4 or 30xfull"
                                                   : "; write it as 365x512x512"));
    }
  }
  if (out.size() > 4) throw CLI::ValidationError(option, "'" + text + "' has more than 4 axes");
  return out;
}

/// The results as the grid of tiles that they are, if it fits a screen.
void print_results(std::span<const int> ones, std::size_t columns) {
  std::size_t total = 0;
  for (const int one : ones) total += static_cast<std::size_t>(one);
  std::printf("\n%zu tiles, each returned 1: the results sum to %zu\n", ones.size(), total);
  if (columns > 36 || ones.size() > 16 * columns) return;
  for (std::size_t k = 0; k < ones.size(); ++k)
    std::printf("%s%d%s", k % columns == 0 ? "  " : " ", ones[k],
                k % columns == columns - 1 ? "\n" : "");
}

void print_memory(const TiledPool& pool, const std::array<const Segment*, 3>& arrays) {
  std::uint64_t shared = 0, workers = 0;
  std::string names;
  for (const auto* const array : arrays) {
    shared += array->header().data_offset + array->header().data_bytes();
    names += " " + array->name();
  }
  for (const int pid : pool.worker_pids()) workers += host::private_bytes(pid).value_or(0);
  const auto own = host::private_bytes(host::own_pid()).value_or(0);
  const auto print = [](const char* kind, std::uint64_t bytes, const std::string& whose) {
    std::printf("  %-8s %9.3f MB   %s\n", kind, static_cast<double>(bytes) / 1e6, whose.c_str());
  };
  std::printf("\nmemory\n");
  print("shared", shared, "one copy for all processes:" + names);
  print("private", own, "this process");
  print("", workers, std::to_string(pool.workers()) + " workers together");
}

void print_end(const Options& options, bool right, const Phases& phases, const std::string& kept) {
  std::printf("\ntime\n");
  phases.print();
  std::printf("\n%s\n", right ? "The result equals a single-process sum."
                              : "WRONG: the result differs from a single-process sum.");
  if (right && !options.out.empty()) std::printf("Written to %s\n", options.out.c_str());
  if (!kept.empty())
    std::printf(
        "Kept as %s. In Python: np.load(\"%s\", mmap_mode=\"r+\")\n"
        "It stays until you remove it: rm %s\n",
        options.keep.c_str(), kept.c_str(), kept.c_str());
}

template <class T>
bool is_sum(std::span<const T> a, std::span<const T> b, std::span<const T> out) {
  for (std::size_t k = 0; k < out.size(); ++k) {
    const T expected = sum(a[k], b[k]);
    // NaN is the only value that differs from itself, and it must come through as NaN.
    if (out[k] != expected && (out[k] == out[k] || expected == expected)) return false;
  }
  return true;
}

/// The job, for one element type and rank. Returns the exit code.
// Cold, for 52 of it are compiled and one runs, once; the kernel is a function of its own.
template <class T, std::size_t N>
[[gnu::cold]] int add(const Options& options) {
  std::array<std::size_t, N> tile;
  tile.fill(full);
  std::copy_backward(options.tile.begin(), options.tile.end(), tile.end());
  const std::string suffix = "-" + std::to_string(host::own_pid());

  bool right = false;
  std::string kept;
  Phases phases;
  {
    using Array = SharedArray<T, N>;
    // Before there are threads or large memory.
    TiledPool pool(options.workers,
                   options.spawn ? PoolOptions{.start_method = StartMethod::spawn} : PoolOptions{});
    phases.end("start workers");

    const bool files = !options.a.empty();
    const auto make = [&](const std::string& file, const char* name) {
      return files ? Array::load(file, name + suffix) : Array::create(name + suffix, options.shape);
    };
    auto a = make(options.a, "tmp"), b = make(options.b, "rad");
    auto out = Array::create(options.keep.empty() ? "vpd" + suffix : options.keep, options.shape);
    phases.end(files ? "create and read" : "create");

    if (!files) {
      std::mt19937_64 random(std::random_device{}());
      fill_random<T>({a.data(), a.size()}, random);
      fill_random<T>({b.data(), b.size()}, random);
      phases.end("fill");
    }

    const auto ones = pool.map(
        tile,
        [](auto v, auto t, auto r) {
          if constexpr (std::is_signed_v<T> && std::is_integral_v<T> && sizeof(T) >= sizeof(int)) {
            using U = std::make_unsigned_t<T>;  // whose overflow is defined, and the same bits
            v = xt::cast<U>(t) + xt::cast<U>(r);
          } else {
            v = t + r;
          }
          return 1;
        },
        into(out), a, b);
    phases.end("compute");

    print_results({ones.data(), ones.size()}, ones.shape(N - 1));
    print_memory(pool, {a.segment().get(), b.segment().get(), out.segment().get()});
    right = is_sum<T>({a.data(), a.size()}, {b.data(), b.size()}, {out.data(), out.size()});
    phases.skip();

    if (right && !options.out.empty()) {
      out.save(options.out);
      phases.end("save");
    }
    if (right && !options.keep.empty()) {
      out.keep();
      kept = out.path();
    }
    phases.skip();
  }
  phases.end("end");

  print_end(options, right, phases, kept);
  return right ? 0 : 1;
}

struct Type {
  const char* name;
  Dtype dtype;
  std::array<int (*)(const Options&), 4> add_of_rank;
};
template <class T>
Type type(const char* name) {
  return {name, dtype_of<T>(), {add<T, 1>, add<T, 2>, add<T, 3>, add<T, 4>}};
}

const std::vector<Type>& types() {
  static const std::vector<Type> all{
      type<bool>("bool"),
      type<std::int8_t>("int8"),
      type<std::int16_t>("int16"),
      type<std::int32_t>("int32"),
      type<std::int64_t>("int64"),
      type<std::uint8_t>("uint8"),
      type<std::uint16_t>("uint16"),
      type<std::uint32_t>("uint32"),
      type<std::uint64_t>("uint64"),
      type<float>("float32"),
      type<double>("float64"),
      type<std::complex<float>>("complex64"),
      type<std::complex<double>>("complex128"),
  };
  return all;
}

/// A request that can't be served: one line that says what to do.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The same scalar, whatever its byte order.
bool same_scalar(const Dtype& a, const Dtype& b) { return a.kind == b.kind && a.size == b.size; }

const Type& type_of(const Options& options, const NpyHeader* header) {
  std::string names;
  for (const auto& type : types()) {
    if (header ? same_scalar(header->dtype, type.dtype) : options.dtype == type.name) return type;
    names += std::string(names.empty() ? "" : ", ") + type.name;
  }
  throw Refused((header ? options.a + ": its elements are " + header->dtype.to_string()
                        : "--dtype " + options.dtype + ": there is no such type") +
                "; use one of " + names);
}

/// What can be known before a process is started or a byte is reserved.
const Type& check(Options& options, bool tile_given) {
  const Type* type = nullptr;
  if (options.a.empty()) {
    type = &type_of(options, nullptr);
  } else {
    const auto header_of = [](const std::string& path) {
      return Segment::map_file(path, host::Access::read_only)->header();
    };
    const auto a = header_of(options.a), b = header_of(options.b);
    type = &type_of(options, &a);
    if (!same_scalar(b.dtype, type->dtype))
      throw Refused("element types differ: " + options.a + " has " + a.dtype.to_string() + ", " +
                    options.b + " has " + b.dtype.to_string() +
                    "; convert one of them, as with NumPy's astype");
    if (a.shape != b.shape)
      throw Refused("shapes differ: " + options.a + " has " + joined(a.shape) + ", " + options.b +
                    " has " + joined(b.shape) + "; give two files of one shape");
    if (a.shape.empty() || a.shape.size() > 4)
      throw Refused(options.a + " has " + std::to_string(a.shape.size()) +
                    " axes; give files of 1 to 4 axes");
    options.shape = a.shape;
  }
  if (!tile_given) options.tile.assign(std::min<std::size_t>(2, options.shape.size()), 4);
  if (options.tile.size() > options.shape.size())
    throw Refused("--tile " + joined(options.tile) + " has more axes than the grid " +
                  joined(options.shape) + "; give it " + std::to_string(options.shape.size()) +
                  " or fewer");
  if (!options.out.empty()) {
    const auto folder = std::filesystem::absolute(options.out).parent_path();
    if (!std::filesystem::is_directory(folder))
      throw Refused("--out " + options.out + ": there is no folder " + folder.string() +
                    "; make it first");
    if (std::filesystem::is_directory(options.out))
      throw Refused("--out " + options.out + ": it is a folder; give the name of a file");
    for (const auto& input : {options.a, options.b}) {
      std::error_code missing;
      if (std::filesystem::equivalent(options.out, input, missing))
        throw Refused("--out " + options.out + ": it is the input " + input +
                      " itself; name another file");
    }
  }
  return *type;
}

int run(int argc, char** argv) {
  CLI::App app(
      "The sum of two grids, tile by tile, by worker processes on shared memory.\n"
      "Without arguments: two random grids 365x16x16 of float64, tiles 4x4, 10 workers.");
  app.footer(
      "Examples\n"
      "  tiled_add\n"
      "  tiled_add --a tmp.npy --b rad.npy --out sum.npy --tile 30xfull\n"
      "  tiled_add --shape 365x512x512 --dtype float32 --workers 2\n"
      "  tiled_add --keep total       and then, in Python:\n"
      "      np.load(\"/dev/shm/total\", mmap_mode=\"r+\")\n\n"
      "Exit codes: 0 the sum is right, 1 it is not, 2 the input can't be used.");
  app.get_formatter()->column_width(24);
  Options options;
  std::string shape, tile;
  auto* const a = app.add_option("--a", options.a, "First summand, an .npy file");
  auto* const b = app.add_option("--b", options.b, "Second summand, of the same type and shape");
  a->needs(b)->type_name("A.npy");
  b->needs(a)->type_name("B.npy");
  app.add_option("--out", options.out, "Write the sum to this file, over what is there")
      ->type_name("OUT.npy");
  app.add_option("--tile", tile, "Tile of the last axes; 'full' is a whole axis. Default 4x4")
      ->type_name("4x4");
  app.add_flag("--spawn", options.spawn, "Start workers as new programs, as on Windows");
  app.add_option("--workers", options.workers, "Worker processes. Default 10")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
  app.add_option("--shape", shape, "Shape of random input, 1 to 4 axes")
      ->type_name("365x16x16")
      ->excludes(a);
  app.add_option("--dtype", options.dtype,
                 "Type of random input: bool, int8 to int64, uint8 to uint64, float32, float64, "
                 "complex64, complex128")
      ->type_name("float64")
      ->excludes(a);
  app.add_option("--keep", options.keep, "Leave the sum in shared memory under this name")
      ->type_name("NAME");
  for (auto* const option : app.get_options()) {
    option->check([](const std::string& text) {
      return std::string(text.empty() ? "it is empty; leave the option out, or give it a value"
                                      : "");
    });
  }
  try {
    app.parse(argc, argv);
    if (!tile.empty()) options.tile = extents_of("--tile", tile, true);
    if (!shape.empty()) options.shape = extents_of("--shape", shape, false);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    throw Refused(std::string(error.what()) + "; see tiled_add --help");
  }
  const auto& type = check(options, !tile.empty());
  std::printf("%s of %s in tiles of %s, %zu workers\n", joined(options.shape).c_str(), type.name,
              joined(options.tile).c_str(), options.workers);
  std::fflush(stdout);
  return type.add_of_rank[options.shape.size() - 1](options);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  try {
    return run(argc, argv);
  } catch (const JobError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tiled_add: %s\n", error.what());
  }
  return 2;
}
