// Waiting for a step against a bare futex, between two processes: how long a step takes from the
// one to the other and back; what publish() costs when nobody waits; what a waiting reader uses.
// Prints ratios of medians of alternating turns.
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <new>
#include <vector>

#include <tessera/memory/shared_array.hpp>

namespace {

using namespace tessera;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int trips = 2000;

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}
double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// Two words, each with the last step of one process.
struct Words {
  alignas(64) std::atomic<std::uint32_t> there{0};
  alignas(64) std::atomic<std::uint32_t> back{0};
};

void publish(std::atomic<std::uint32_t>& word, std::uint32_t n) {
  word.store(n, std::memory_order_release);
  ::syscall(SYS_futex, &word, FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
}
void wait_beyond(std::atomic<std::uint32_t>& word, std::uint32_t beyond) {
  for (std::uint32_t now; (now = word.load(std::memory_order_acquire)) <= beyond;)
    ::syscall(SYS_futex, &word, FUTEX_WAIT, now, nullptr, nullptr, 0);
}

/// The time of a step there and one back, by bare futexes.
double bare_trip(Words& words) {
  const auto before = words.there.load();
  const auto pid = ::fork();
  if (pid == 0) {
    for (std::uint32_t n = before; n < before + trips; ++n) {
      wait_beyond(words.there, n);
      publish(words.back, n + 1);
    }
    ::_exit(0);
  }
  std::vector<double> times;
  for (std::uint32_t n = before; n < before + trips; ++n) {
    const auto start = Clock::now();
    publish(words.there, n + 1);
    wait_beyond(words.back, n);
    times.push_back(microseconds(Clock::now() - start));
  }
  ::waitpid(pid, nullptr, 0);
  return median(times);
}

/// The same by publish and wait_published.
double trip(SharedArray<int, 1>& there, SharedArray<int, 1>& back) {
  const auto before = there.published();
  const auto pid = ::fork();
  if (pid == 0) {
    for (auto n = before; n < before + trips; ++n) {
      there.wait_published(n, 10s);
      back.publish(n + 1);
    }
    ::_exit(0);
  }
  std::vector<double> times;
  for (auto n = before; n < before + trips; ++n) {
    const auto start = Clock::now();
    there.publish(n + 1);
    back.wait_published(n, 10s);
    times.push_back(microseconds(Clock::now() - start));
  }
  ::waitpid(pid, nullptr, 0);
  return median(times);
}

double publish_time(SharedArray<int, 1>& a) {
  constexpr int steps = 100'000;
  const auto before = a.published();
  const auto start = Clock::now();
  for (std::uint64_t n = before + 1; n <= before + steps; ++n) a.publish(n);
  return microseconds(Clock::now() - start) / steps;
}

double processor_seconds() {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

}  // namespace

int main() {
  auto there = SharedArray<int, 1>::create({1}), back = SharedArray<int, 1>::create({1});
  auto* const memory =
      ::mmap(nullptr, sizeof(Words), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  auto& words = *new (memory) Words;
  std::vector<double> ours, bare, ratios;
  for (int turn = 0; turn < 15; ++turn) {
    ours.push_back(trip(there, back));
    bare.push_back(bare_trip(words));
    ratios.push_back(ours.back() / bare.back());
  }
  std::printf("a step there and one back: %.1f us; bare futex: %.1f us; ratio %.2f\n", median(ours),
              median(bare), median(ratios));
  std::printf("publish, nobody waits: %.2f us\n", publish_time(there));

  const auto reader = SharedArray<const int, 1>::attach(there.name());
  const auto before = processor_seconds();
  reader.wait_published(reader.published(), 10s);
  std::printf("a reader that waits: %.3f %% of a core\n",
              100 * (processor_seconds() - before) / 10);
  return 0;
}
