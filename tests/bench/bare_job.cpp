// The classic job as bare system calls: three segments, N forks, each child opens the three by name
// and adds its share of the tiles, the parent waits. No library, no protocol, no recovery: what
// this takes is the floor that nothing can beat.
//
// The clock runs from before the first segment to after the last is gone, less the check of the
// result. Random input is made before it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "options.hpp"

namespace {

using bench::Clock;
using bench::Options;
using bench::seconds;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

double* map(int descriptor, std::size_t bytes, int protection, int flags = 0) {
  void* data = mmap(nullptr, bytes, protection, MAP_SHARED | flags, descriptor, 0);
  if (data == MAP_FAILED) fail("mmap");
  return static_cast<double*>(data);
}

double* create(const std::string& name, std::size_t bytes) {
  const int descriptor = shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) fail("shm_open");
  // The space is not reserved: whoever writes a page first pays for it, so that the children share
  // the cost of the output. A full /dev/shm would be a SIGBUS, which a floor may afford.
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) fail("ftruncate");
  double* data = map(descriptor, bytes, PROT_READ | PROT_WRITE);
  close(descriptor);
  return data;
}

double* attach(const std::string& name, std::size_t bytes, int access, int protection, int flags) {
  const int descriptor = shm_open(name.c_str(), access | O_CLOEXEC, 0);
  if (descriptor < 0) _exit(2);
  double* data = map(descriptor, bytes, protection, flags);
  close(descriptor);
  return data;
}

/// The job's geometry: tiles in the last two axes, numbered row by row.
struct Tiles {
  explicit Tiles(const Options& options)
      : shape(options.shape),
        tile(options.tile),
        across((shape[2] + tile[1] - 1) / tile[1]),
        count((shape[1] + tile[0] - 1) / tile[0] * across) {}

  std::array<std::size_t, 3> shape;
  std::array<std::size_t, 2> tile;
  std::size_t across;
  std::size_t count;
};

/// Tiles [first, last) of all time steps. Those that stand side by side are one box, since long
/// rows decide the speed, and the ones that fill whole rows are one run in memory.
void add(const Tiles& tiles, std::size_t first, std::size_t last, double* __restrict out,
         const double* __restrict a, const double* __restrict b) {
  const auto [depth, height, width] = tiles.shape;
  while (first < last) {
    const std::size_t row = first / tiles.across;
    const std::size_t column = first % tiles.across;
    const std::size_t bands = column == 0 ? (last - first) / tiles.across : 0;
    const std::size_t side_by_side =
        bands > 0 ? tiles.across : std::min(last - first, tiles.across - column);
    const std::size_t i = row * tiles.tile[0];
    const std::size_t rows = std::min(std::max<std::size_t>(bands, 1) * tiles.tile[0], height - i);
    const std::size_t j = column * tiles.tile[1];
    const std::size_t columns = std::min(side_by_side * tiles.tile[1], width - j);
    const std::size_t lines = columns == width ? 1 : rows;
    const std::size_t length = columns == width ? rows * width : columns;
    for (std::size_t step = 0; step < depth; ++step) {
      for (std::size_t line = 0; line < lines; ++line) {
        const std::size_t at = (step * height + i + line) * width + j;
        for (std::size_t k = at; k < at + length; ++k) out[k] = a[k] + b[k];
      }
    }
    first += std::max<std::size_t>(bands, 1) * side_by_side;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = bench::parse(argc, argv);
  const Tiles tiles(options);
  const std::size_t elements = options.shape[0] * options.shape[1] * options.shape[2];
  const std::size_t bytes = elements * sizeof(double);

  std::mt19937_64 random(std::random_device{}());
  std::uniform_real_distribution<double> uniform;
  // In shared mappings, because a fork copies the page tables of private memory, and these inputs
  // are the bench's own, not the job's.
  double* tmp_input = map(-1, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS);
  double* rad_input = map(-1, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS);
  std::generate(tmp_input, tmp_input + elements, [&] { return uniform(random); });
  std::generate(rad_input, rad_input + elements, [&] { return uniform(random); });
  const std::string prefix = "/bare_job_" + std::to_string(getpid());
  const std::string tmp_name = prefix + "_tmp";
  const std::string rad_name = prefix + "_rad";
  const std::string vpd_name = prefix + "_vpd";
  std::vector<pid_t> children(options.workers);

  const auto begin = Clock::now();
  double* tmp = create(tmp_name, bytes);
  double* rad = create(rad_name, bytes);
  double* vpd = create(vpd_name, bytes);
  // One result for each tile, as the tasks of the Python job return; inherited, so it needs no
  // name.
  auto* ones = reinterpret_cast<int*>(
      map(-1, tiles.count * sizeof(int), PROT_READ | PROT_WRITE, MAP_ANONYMOUS));
  const auto created = Clock::now();

  std::memcpy(tmp, tmp_input, bytes);
  std::memcpy(rad, rad_input, bytes);
  const auto filled = Clock::now();

  for (std::size_t worker = 0; worker < options.workers; ++worker) {
    children[worker] = fork();
    if (children[worker] < 0) fail("fork");
    if (children[worker] > 0) continue;
    const std::size_t first = tiles.count * worker / options.workers;
    const std::size_t last = tiles.count * (worker + 1) / options.workers;
    // A share of a small grid touches nearly every page; of a large one only a part.
    const int flags = bytes <= (std::size_t{4} << 20) ? MAP_POPULATE : 0;
    const double* a = attach(tmp_name, bytes, O_RDONLY, PROT_READ, flags);
    const double* b = attach(rad_name, bytes, O_RDONLY, PROT_READ, flags);
    double* out = attach(vpd_name, bytes, O_RDWR, PROT_READ | PROT_WRITE, flags);
    add(tiles, first, last, out, a, b);
    std::fill(ones + first, ones + last, 1);
    _exit(0);
  }
  const auto started = Clock::now();

  bool ended_well = true;
  for (const pid_t child : children) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    ended_well = ended_well && status == 0;
  }
  const auto mapped = Clock::now();

  bool equal = ended_well &&
               std::count(ones, ones + tiles.count, 1) == static_cast<std::ptrdiff_t>(tiles.count);
  for (std::size_t k = 0; equal && k < elements; ++k) equal = vpd[k] == tmp_input[k] + rad_input[k];

  const auto checked = Clock::now();
  for (const std::string& name : {tmp_name, rad_name, vpd_name}) shm_unlink(name.c_str());
  for (double* data : {tmp, rad, vpd}) munmap(data, bytes);
  const auto end = Clock::now();

  const auto [depth, height, width] = options.shape;
  std::printf("bare_job %zux%zux%zu: %zu tiles, equal: %s\n", depth, height, width, tiles.count,
              equal ? "True" : "False");
  std::printf("phases create=%.6f fill=%.6f start=%.6f map=%.6f end=%.6f total=%.6f\n",
              seconds(begin, created), seconds(created, filled), seconds(filled, started),
              seconds(started, mapped), seconds(checked, end),
              seconds(begin, mapped) + seconds(checked, end));
  return equal ? 0 : 1;
}
