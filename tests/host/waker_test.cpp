#include <tessera/host/waker.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace host = tessera::host;

using namespace std::chrono_literals;

TEST_CASE("who would sleep on a word that has changed returns at once") {
  std::uint32_t word = 5;
  const host::Waker waker;
  const auto began = std::chrono::steady_clock::now();
  waker.wait(&word, 4, 60s);
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}

TEST_CASE("a sleeper that nobody wakes returns after its time") {
  std::uint32_t word = 5;
  const host::Waker waker;
  waker.wait(&word, 5, 1ms);
  CHECK(word == 5);
}

TEST_CASE("a sleeper wakes when it is woken after the word has changed") {
  alignas(64) std::uint32_t word = 1;
  std::atomic<bool> over{false};
  const host::Waker waker;
  std::thread sleeper([&] {
    while (std::atomic_ref(word).load() == 1) waker.wait(&word, 1, 60s);
    over.store(true);
  });
  std::atomic_ref(word).store(2);
  waker.wake(&word, 1, 1);
  sleeper.join();
  CHECK(over.load());
}
