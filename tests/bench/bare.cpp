// The same work as plain system calls: no library, no protocol, no recovery. What this takes is
// the floor that nothing beats with processes.
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <tessera/host/cpus.hpp>
#include <tessera/host/doorbell.hpp>

#include "bench.hpp"

namespace {

using bench::options;
using State = benchmark::State;

void* map(int descriptor, std::size_t bytes, int protection, int flags) {
  void* const data = mmap(nullptr, bytes, protection, MAP_SHARED | flags, descriptor, 0);
  if (data == MAP_FAILED) throw std::runtime_error("mmap");
  return data;
}

/// What caller and processes share.
struct Bell {
  std::atomic<std::uint32_t> job{0};                  ///< the processes sleep on it
  alignas(64) std::atomic<std::uint32_t> working{0};  ///< the caller sleeps on it
  std::atomic<bool> closing{false};
  std::atomic<int> home{-1};  ///< the caller's core
};

void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, nullptr, nullptr, 0);
}
void wake(std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
}

/// How a process waits for a job, and tells that its was the last share: asleep, or never asleep
/// but out of the caller's way.
struct Asleep {
  Bell& bell;
  void wait(std::uint32_t seen) const { sleep_on(bell.job, seen); }
  void finished() const { wake(bell.working); }
};
struct MakingWay {
  Bell& bell;
  int core = tessera::host::this_core();
  void wait(std::uint32_t) const {
    if (bell.home.load() == core)
      sched_yield();
    else
      tessera::host::relax();
  }
  void finished() const {}
};

/// One of the processes: its share of the sum, whenever there is a job.
template <class Rest>
[[noreturn]] void serve(Bell& bell, const bench::Grids& x, std::size_t self, const Rest& rest) {
  const std::size_t first = x.size * self / options.workers,
                    last = x.size * (self + 1) / options.workers;
  double* __restrict const out = x.out;
  const double* __restrict const a = x.a, * __restrict const b = x.b;
  for (std::uint32_t done = 0;; ++done) {
    while (bell.job.load() == done) rest.wait(done);
    if (bell.closing.load()) _exit(0);
    for (std::size_t i = first; i < last; ++i) out[i] = a[i] + b[i];
    if (bell.working.fetch_sub(1) == 1) rest.finished();
  }
}

void paced(State& state) {
  const bench::Grids x;
  std::fill(x.out, x.out + x.size, -1.0);
  auto& bell = *new (map(-1, sizeof(Bell), PROT_READ | PROT_WRITE, MAP_ANONYMOUS)) Bell;
  for (std::size_t self = 0; self < options.workers; ++self)
    if (fork() == 0) serve(bell, x, self, Asleep{bell});
  bench::timed_paced(state, [&] {
    bell.working.store(static_cast<std::uint32_t>(options.workers));
    bell.job.fetch_add(1);
    wake(bell.job);
    for (std::uint32_t left; (left = bell.working.load()) != 0;) sleep_on(bell.working, left);
  });
  bell.closing.store(true);
  bell.job.fetch_add(1);
  wake(bell.job);
  for (std::size_t self = 0; self < options.workers; ++self) wait(nullptr);
  bench::tell_check(state, x.out, x.size);
}

/// The same back to back, by the cheapest means that we know for a caller whose core one of the
/// processes needs: they are bound to cores and never sleep, and whoever shares the caller's core
/// yields it, as the caller does. A floor for any pool of two processes on two cores.
void back_to_back(State& state) {
  const bench::Grids x;
  auto& bell = *new (map(-1, sizeof(Bell), PROT_READ | PROT_WRITE, MAP_ANONYMOUS)) Bell;
  const auto cores = tessera::host::allowed_cores();
  for (std::size_t self = 0; self < options.workers; ++self)
    if (fork() == 0) {
      tessera::host::pin_to({cores[self % cores.size()]});
      serve(bell, x, self, MakingWay{bell});
    }
  bench::timed_sum(state, x.out, x.size, [&] {
    bell.home.store(tessera::host::this_core());
    bell.working.store(static_cast<std::uint32_t>(options.workers));
    bell.job.fetch_add(1);
    while (bell.working.load() != 0) sched_yield();
  });
  bell.closing.store(true);
  bell.job.fetch_add(1);
  for (std::size_t self = 0; self < options.workers; ++self) wait(nullptr);
}

double* create(const std::string& name, std::size_t bytes) {
  const int descriptor = shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  // The space is not reserved: whoever writes a page first pays for it, so that the children share
  // the cost of the output. A full /dev/shm would be a SIGBUS, which a floor may afford.
  if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(bytes)) != 0)
    throw std::runtime_error("shm_open");
  auto* const data = static_cast<double*>(map(descriptor, bytes, PROT_READ | PROT_WRITE, 0));
  close(descriptor);
  return data;
}

double* attach(const std::string& name, std::size_t bytes, int access, int protection) {
  const int descriptor = shm_open(name.c_str(), access | O_CLOEXEC, 0);
  if (descriptor < 0) _exit(2);
  // A share of a small grid touches nearly every page; of a large one only a part.
  const int flags = bytes <= (std::size_t{4} << 20) ? MAP_POPULATE : 0;
  auto* const data = static_cast<double*>(map(descriptor, bytes, protection, flags));
  close(descriptor);
  return data;
}

/// Tiles [first, last), numbered row by row. Those that stand side by side are one box, since long
/// rows decide the speed, and the ones that fill whole rows are one run in memory.
void add_tiles(const bench::Shape& shape, std::size_t first, std::size_t last,
               double* __restrict out, const double* __restrict a, const double* __restrict b) {
  const auto [depth, height, width] = shape;
  const std::size_t across = (width + options.tile - 1) / options.tile;
  while (first < last) {
    const std::size_t row = first / across, column = first % across;
    const std::size_t bands = column == 0 ? (last - first) / across : 0;
    const std::size_t beside = bands > 0 ? across : std::min(last - first, across - column);
    const std::size_t i = row * options.tile, j = column * options.tile;
    const std::size_t rows = std::min(std::max<std::size_t>(bands, 1) * options.tile, height - i);
    const std::size_t columns = std::min(beside * options.tile, width - j);
    const std::size_t lines = columns == width ? 1 : rows;
    const std::size_t length = columns == width ? rows * width : columns;
    for (std::size_t z = 0; z < depth; ++z) {
      for (std::size_t line = 0; line < lines; ++line) {
        const std::size_t at = (z * height + i + line) * width + j;
        for (std::size_t k = at; k < at + length; ++k) out[k] = a[k] + b[k];
      }
    }
    first += std::max<std::size_t>(bands, 1) * beside;
  }
}

/// Three segments, a fork for each worker; each child opens the three by name and adds its share of
/// the tiles; the parent waits for their ends.
void classic(State& state) {
  const bench::Grids x;
  const std::size_t bytes = x.size * sizeof(double);
  const std::size_t tiles = ((x.shape[1] + options.tile - 1) / options.tile) *
                            ((x.shape[2] + options.tile - 1) / options.tile);
  const std::string suffix = "-bare-" + std::to_string(getpid());
  const std::array names{"/tmp" + suffix, "/rad" + suffix, "/vpd" + suffix};
  for (auto _ : state) {
    const auto begin = bench::Clock::now();
    const std::array made{create(names[0], bytes), create(names[1], bytes),
                          create(names[2], bytes)};
    // One result for each tile; inherited, so it needs no name.
    auto* const ones =
        static_cast<int*>(map(-1, tiles * sizeof(int), PROT_READ | PROT_WRITE, MAP_ANONYMOUS));
    std::memcpy(made[0], x.a, bytes);
    std::memcpy(made[1], x.b, bytes);
    for (std::size_t worker = 0; worker < options.workers; ++worker) {
      if (fork() != 0) continue;
      const std::size_t first = tiles * worker / options.workers,
                        last = tiles * (worker + 1) / options.workers;
      const double *const a = attach(names[0], bytes, O_RDONLY, PROT_READ), *const b = attach(
                                                                                names[1], bytes,
                                                                                O_RDONLY,
                                                                                PROT_READ);
      add_tiles(x.shape, first, last, attach(names[2], bytes, O_RDWR, PROT_READ | PROT_WRITE), a,
                b);
      std::fill(ones + first, ones + last, 1);
      _exit(0);
    }
    for (std::size_t worker = 0; worker < options.workers; ++worker) wait(nullptr);
    const double until_mapped = bench::seconds_since(begin);
    bench::tell_check(state, made[2], x.size);
    const auto end = bench::Clock::now();
    for (const auto& name : names) shm_unlink(name.c_str());
    for (double* const data : made) munmap(data, bytes);
    state.SetIterationTime(until_mapped + bench::seconds_since(end));
    if (std::count(ones, ones + tiles, 1) != static_cast<std::ptrdiff_t>(tiles))
      state.SkipWithError("not every tile was done");
    munmap(ones, tiles * sizeof(int));
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::add("back_to_back", back_to_back);
  bench::add_once("paced", paced);
  bench::add_manual("classic", classic);
  return bench::run(argc, argv);
}
