// Reads the steps of `producer NAME` while they are made: `consumer NAME`. It never sees half a
// step, however slow it is, and it can't disturb the producer: its mapping is read-only.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <tessera/memory/frames.hpp>
#include <tessera/memory/shared_array.hpp>
#include <xtensor/xmath.hpp>

using namespace tessera;
using namespace std::chrono_literals;

namespace {

void run(const char* name) {
  const auto waves = SharedArray<const float, 3>::attach(name, 60s);  // waits for the producer
  std::uint64_t seen = 0, lost = 0;
  for (;;) {
    const auto how = waves.wait_published(seen, 5s);
    if (how == Published::owner_gone) break;
    if (how == Published::timed_out) {
      std::printf("no step for 5 s\n");
      continue;
    }
    const auto frame = waves.latest();
    const double mean = xt::mean(frame.view())();
    const bool whole = frame.whole();  // false: it was overwritten meanwhile
    lost += frame.step() - seen - (whole ? 1 : 0);
    seen = frame.step();
    if (whole && seen % 10 == 0)
      std::printf("step %llu mean %.4f\n", static_cast<unsigned long long>(seen), mean);
    std::fflush(stdout);
  }
  std::printf("producer ended after step %llu; %llu steps were not looked at\n",
              static_cast<unsigned long long>(seen), static_cast<unsigned long long>(lost));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: consumer NAME\n");
    return 2;
  }
  try {
    run(argv[1]);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
