#include <tessera/pool/caller/cancel_token.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::CancelToken;

TEST_CASE("a cancel before the first round has none to stop, and that round is stopped") {
  CancelToken token;
  CHECK_FALSE(token.requested());
  CHECK(token.request() == 0);
  CHECK(token.requested());
  CHECK(token.set_round(3));
}

TEST_CASE("a cancel gives the round that was armed last") {
  CancelToken token;
  CHECK(token.round() == 0);
  CHECK_FALSE(token.set_round(3));
  CHECK_FALSE(token.set_round(4));
  CHECK(token.round() == 4);
  CHECK(token.request() == 4);
}

TEST_CASE("a token that has expired says so beside its cancel") {
  CancelToken token;
  token.request();
  CHECK_FALSE(token.expired());
  token.expire();
  CHECK(token.expired());
  CHECK(token.requested());
}

TEST_CASE("of a cancel and a round at the same time at least one sees the other") {
  constexpr std::size_t count = 2000;
  std::vector<CancelToken> tokens(count);
  std::vector<char> stopped_at_once(count);
  std::vector<std::uint64_t> to_stop(count);
  std::atomic<std::size_t> begun{0};
  std::thread runs([&] {
    for (std::size_t i = 0; i < count; ++i) {
      begun.store(i + 1);
      stopped_at_once[i] = tokens[i].set_round(i + 1);
    }
  });
  for (std::size_t i = 0; i < count; ++i) {
    while (begun.load() < i + 1) {
    }
    to_stop[i] = tokens[i].request();
  }
  runs.join();
  for (std::size_t i = 0; i < count; ++i) REQUIRE((stopped_at_once[i] != 0 || to_stop[i] == i + 1));
}
