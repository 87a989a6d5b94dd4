#include <tessera/host/doorbell.hpp>

#include <atomic>
#include <chrono>
#include <new>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sys/mman.h>
#endif

using tessera::host::Doorbell;
using namespace tessera_test;
using namespace std::chrono_literals;

#if defined(TESSERA_POSIX)
namespace {

/// Doorbells, and a word to speak about, that forked children share.
struct Shared {
  Doorbell bell, answer;
  std::atomic<int> word{0};
};
struct SharedMemory {
  SharedMemory()
      : at(new(::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      -1, 0)) Shared) {}
  ~SharedMemory() { ::munmap(at, sizeof(Shared)); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  Shared* operator->() const { return at; }
  Shared* at;
};

}  // namespace
#endif

TEST_CASE("a sleeper that saw the epoch before the ring does not sleep") {
  Doorbell bell;
  const auto seen = bell.epoch();
  bell.ring();
  const auto began = std::chrono::steady_clock::now();
  bell.wait(seen, 60s);
  REQUIRE(std::chrono::steady_clock::now() - began < 30s);
  REQUIRE(bell.epoch() != seen);
}

TEST_CASE("a doorbell that nobody rings lets its sleeper go after the time it asked for") {
  Doorbell bell;
  const auto began = std::chrono::steady_clock::now();
  const auto seen = bell.epoch();
  // Futexes may wake for no reason, so the promise is about the sum.
  while (std::chrono::steady_clock::now() - began < 30ms) bell.wait(seen, 10ms);
  REQUIRE(bell.epoch() == seen);
}

TEST_CASE("two that ring each other in turn, by what processes have for it, lose no ring") {
  const tessera::host::Waker wakers[2] = {tessera::host::Waker::made("test"),
                                          tessera::host::Waker::made("test")};
  tessera::host::DoorbellWords bells[2];
  std::atomic<int> word{0};
  constexpr int rounds = 3000;
  std::atomic<int> lost{0};
  const auto turn = [&](int parity) {
    const tessera::host::Bell mine(bells[parity], wakers[parity]),
        theirs(bells[1 - parity], wakers[1 - parity]);
    for (int k = parity; k < rounds; k += 2) {
      const auto began = std::chrono::steady_clock::now();
      for (;;) {
        const auto seen = mine.epoch();
        if (word.load() == k) break;
        mine.wait(seen, 20s);
      }
      if (std::chrono::steady_clock::now() - began > 15s) ++lost;
      word.store(k + 1);
      theirs.ring();
    }
  };
  std::thread other([&] { turn(1); });
  turn(0);
  other.join();
  REQUIRE(word.load() == rounds);
  REQUIRE(lost.load() == 0);
}

TEST_CASE("a ring wakes all who sleep, by what processes have for it") {
  const auto waker = tessera::host::Waker::made("test");
  tessera::host::DoorbellWords words;
  const tessera::host::Bell bell(words, waker);
  for (int round = 0; round < 50; ++round) {
    const auto seen = bell.epoch();
    std::atomic<int> awake{0};
    std::vector<std::thread> sleepers;
    for (int k = 0; k < 5; ++k)
      sleepers.emplace_back([&] {
        while (bell.epoch() == seen) bell.wait(seen, 60s);
        ++awake;
      });
    bell.ring();
    const bool all = wait_until([&] { return awake.load() == 5; });
    for (auto& sleeper : sleepers) sleeper.join();
    REQUIRE(all);
  }
}

TEST_CASE("turning ends when what is waited for is so") {
  int looks = 0, asked = 0;
  REQUIRE(tessera::host::spin_until(
      60s, [&] { return ++looks == 100; },
      [&] {
        ++asked;
        return looks % 2 == 0;
      }));
  REQUIRE(looks == 100);
  REQUIRE(asked == 99);
}

TEST_CASE("turning for what never comes ends after the time it was given") {
  const bool yields = GENERATE(false, true);
  const auto began = std::chrono::steady_clock::now();
  REQUIRE_FALSE(tessera::host::spin_until(
      5ms, [] { return false; }, [&] { return yields; }));
  REQUIRE(std::chrono::steady_clock::now() - began >= 5ms);
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a sleeper in another process wakes when the doorbell rings") {
  const SharedMemory shared;
  Child sleeper([&] {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (shared->word.load() == 0) {
      const auto seen = shared->bell.epoch();
      if (shared->word.load() != 0) break;
      shared->bell.wait(seen, 60s);
    }
    must(std::chrono::steady_clock::now() < end, "the ring woke the sleeper");
  });
  shared->word.store(1);
  shared->bell.ring();
  REQUIRE(sleeper.failure() == "");
}

TEST_CASE("two processes that ring each other in turn never lose a ring") {
  const SharedMemory shared;
  constexpr int rounds = 5000;
  const auto turn = [&](Doorbell& mine, Doorbell& theirs, int parity) {
    for (int k = parity; k < rounds; k += 2) {
      for (;;) {
        const auto seen = mine.epoch();
        if (shared->word.load() == k) break;
        const auto began = std::chrono::steady_clock::now();
        if (k % 3 == 0)
          tessera::host::spin_until(
              20us, [&] { return mine.epoch() != seen; }, [&] { return k % 2 == 0; });
        mine.wait(seen, 20s);
        must(std::chrono::steady_clock::now() - began < 15s, "no ring is lost");
      }
      shared->word.store(k + 1);
      theirs.ring();
    }
  };
  Child other([&] { turn(shared->answer, shared->bell, 1); });
  turn(shared->bell, shared->answer, 0);
  REQUIRE(other.failure() == "");
  REQUIRE(shared->word.load() == rounds);
}

TEST_CASE("a sleeper that is killed takes nothing with it") {
  const SharedMemory shared;
  {
    Child killed([&] {
      shared->word.store(1);
      for (;;) shared->bell.wait(shared->bell.epoch(), 60s);
    });
    REQUIRE(wait_until([&] { return shared->word.load() == 1; }));
    killed.kill(SIGKILL);
    REQUIRE(killed.failure() == "killed by signal 9");
  }
  std::atomic<bool> woken{false};
  const auto seen = shared->bell.epoch();
  std::thread sleeper([&] {
    while (shared->bell.epoch() == seen) shared->bell.wait(seen, 60s);
    woken.store(true);
  });
  shared->bell.ring();
  REQUIRE(wait_until([&] { return woken.load(); }));
  sleeper.join();
}
#endif
