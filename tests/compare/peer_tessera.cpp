// The C++ side of tessera for compare.py: `peer_tessera MODE NAME`. It prints what it sees.
// Times are those of std::chrono::steady_clock, which is Python's time.monotonic on Linux.
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <tessera.hpp>

using namespace tessera;
using namespace std::chrono_literals;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return double(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         1e-6 * double(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

long sleeps() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_nvcsw;
}

void create(const std::string& name) {
  auto a = SharedArray<float, 3>::create(name, {2, 3, 4});
  a = 1.5f;
  std::cout << "ready" << std::endl;
  std::cin.get();
}

void steps(const std::string& name) {
  auto a = SharedArray<float, 3>::create(name, {4, 3, 4});
  std::cout << "ready" << std::endl;
  std::cin.get();
  for (std::uint64_t n = 1; n <= 3; ++n) a.write_step(n).view() = float(n);
  std::cin.get();
  std::cin.get();
}

void types(const std::string& name) {
  std::cout << AnyArray::attach(name).dtype().to_string() << ' '
            << AnyArray::attach(name).dimension() << " axes" << std::endl;
  try {
    SharedArray<double, 3>::attach(name);
  } catch (const Error& error) {
    std::cout << error.what() << std::endl;
  }
  try {
    SharedArray<float, 2>::attach(name);
  } catch (const Error& error) {
    std::cout << error.what() << std::endl;
  }
}

void scribble(const std::string& name) {
  const auto a = SharedArray<const float, 3>::attach(name);
  const_cast<float&>(a(0, 0, 0)) = 9;
  std::cout << "written" << std::endl;
}

void await(const std::string& name) {
  const auto before = sleeps();
  const auto used = cpu();
  const auto a = SharedArray<const float, 3>::attach(name, 10s);
  std::cout << now() << ' ' << sleeps() - before << ' ' << cpu() - used << std::endl;
}

void wait(const std::string& name) {
  const auto a = SharedArray<const float, 3>::attach(name, 10s);
  std::cout << "ready" << std::endl;
  const auto before = sleeps();
  const auto used = cpu();
  for (std::uint64_t seen = 0;;) {
    const auto how = a.wait_published(seen, 5s);
    const auto at = now();
    if (how != Published::advanced) {
      std::cout << (how == Published::owner_gone ? "owner_gone " : "timed_out ") << at << ' '
                << sleeps() - before << ' ' << cpu() - used << std::endl;
      return;
    }
    seen = a.published();
    std::cout << "step " << at << std::endl;
  }
}

int* deaths;  // shared with the workers, which are copies of this program

void pool(const std::string& name) {
  deaths = static_cast<int*>(
      mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  TiledPool pool(2);
  auto out = SharedArray<double, 1>::create(name, {64});
  const auto kernel = [](const Tile<1>& tile, auto x) {
    if (tile.lo(0) == 20 && ++*deaths == 1) kill(getpid(), SIGKILL);
    x = double(tile.lo(0));
  };
  auto job = pool.map_async({1}, {.rerun = Rerun::allowed}, kernel, into(out));
  if (!job.wait_for(10s)) throw std::runtime_error("the job hangs");
  job.get();
  std::cout << "sum " << xt::sum(out)() << " of 2016, attempts at tile 20: " << *deaths
            << std::endl;
}

void create_with_pool(const std::string& name) {
  TiledPool pool(2);
  create(name);
}

int main(int argc, char** argv) try {
  std::cout.precision(15);
  alarm(30);
  const std::string mode = argc > 2 ? argv[1] : "", name = argc > 2 ? argv[2] : "";
  if (mode == "create") create(name);
  if (mode == "create_with_pool") create_with_pool(name);
  if (mode == "steps") steps(name);
  if (mode == "types") types(name);
  if (mode == "scribble") scribble(name);
  if (mode == "await") await(name);
  if (mode == "wait") wait(name);
  if (mode == "pool") pool(name);
} catch (const std::exception& error) {
  std::cout << error.what() << std::endl;
  return 2;
}
