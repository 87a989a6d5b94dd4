#include <tessera/host/segment_files.hpp>
#include <tessera/host/word_wait.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

namespace host = tessera::host;

using namespace std::chrono_literals;

TEST_CASE("who waits for a word that has changed already returns at once") {
  alignas(8) std::uint32_t word = 5;
  const auto began = std::chrono::steady_clock::now();
  host::wait_for_change(&word, 4, 60s, [] { return host::WaitName{"tessera-test-changed"}; });
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}

TEST_CASE("a wait for a word that nobody changes returns after its time") {
  alignas(8) std::uint32_t word = 5;
  host::wait_for_change(&word, 5, 1ms, [] { return host::WaitName{"tessera-test-idle"}; });
  CHECK(word == 5);
}

TEST_CASE("all that wait for a word wake when it has changed") {
  alignas(8) std::uint32_t word = 1;
  host::WaitName text{};
  tessera_test::unique_name().copy(text.data(), text.size() - 1);
  const auto name = [text] { return text; };
  // On Windows a wake may get lost where several wait.
  const std::size_t count = tessera::host::names_outlive_processes ? 3 : 1;
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> sleepers;
  for (std::size_t k = 0; k < count; ++k)
    sleepers.emplace_back([&] {
      while (std::atomic_ref(word).load() == 1) host::wait_for_change(&word, 1, 60s, name);
    });
  tessera_test::await_sleepers();
  std::atomic_ref(word).store(2);
  host::wake_waiters(&word, name);
  for (auto& sleeper : sleepers) sleeper.join();
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}
