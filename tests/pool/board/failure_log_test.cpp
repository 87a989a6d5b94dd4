#include <tessera/pool/board/failure_log.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using tessera::Errc;
using tessera::detail::FailureLog;
using tessera::detail::no_tile;

TEST_CASE("what is told of tiles is kept in its order") {
  const auto log = std::make_unique<FailureLog>();
  REQUIRE_FALSE(log->any());
  log->add(7, Errc::kernel_failed, "seven");
  log->add(2, Errc::kernel_failed, "");
  REQUIRE(log->any());
  const auto told = log->of_tiles();
  REQUIRE(told.size() == 2);
  REQUIRE(told[0].tile == 7);
  REQUIRE(told[0].text == "seven");
  REQUIRE(told[1].tile == 2);
  REQUIRE(told[1].text.empty());
  REQUIRE(log->outside_tiles().empty());
}

TEST_CASE("the first sixteen are kept, and a place for what is no tile's") {
  const auto log = std::make_unique<FailureLog>();
  for (std::uint64_t k = 0; k < 40; ++k) log->add(k, Errc::kernel_failed, std::to_string(k));
  log->add(no_tile, Errc::replaced, "outside");
  log->add(no_tile, Errc::no_space, "another");
  REQUIRE(log->of_tiles().size() == 16);
  REQUIRE(log->of_tiles()[15].text == "15");
  REQUIRE(log->outside_tiles().size() == 1);
  REQUIRE(log->outside_tiles()[0].text == "outside");
  REQUIRE(log->outside_tiles()[0].code == Errc::replaced);
}

TEST_CASE("a cleared log is empty and takes new failures") {
  const auto log = std::make_unique<FailureLog>();
  for (std::uint64_t k = 0; k < 40; ++k) log->add(k, Errc::kernel_failed, "old");
  log->add(no_tile, Errc::replaced, "old");
  log->clear();
  REQUIRE_FALSE(log->any());
  REQUIRE(log->of_tiles().empty());
  REQUIRE(log->outside_tiles().empty());
  log->add(3, Errc::kernel_failed, "new");
  REQUIRE(log->of_tiles().size() == 1);
  REQUIRE(log->of_tiles()[0].text == "new");
}

TEST_CASE("a long text is cut") {
  const auto log = std::make_unique<FailureLog>();
  log->add(1, Errc::kernel_failed, std::string(100000, 'x'));
  REQUIRE(log->of_tiles()[0].text == std::string(FailureLog::text_size - 1, 'x'));
}

TEST_CASE("failures told at once by many are each whole") {
  const auto log = std::make_unique<FailureLog>();
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t)
    threads.emplace_back([&log, t] {
      for (std::uint64_t k = 0; k < 5; ++k)
        log->add(10 * t + k, Errc::kernel_failed, std::string(1000, static_cast<char>('a' + t)));
    });
  while (log->of_tiles().size() < 16) std::this_thread::yield();
  for (auto& thread : threads) thread.join();
  std::vector<std::uint64_t> tiles;
  for (const auto& told : log->of_tiles()) {
    tiles.push_back(told.tile);
    REQUIRE(told.text == std::string(1000, static_cast<char>('a' + told.tile / 10)));
  }
  std::sort(tiles.begin(), tiles.end());
  REQUIRE(std::unique(tiles.begin(), tiles.end()) == tiles.end());
}
