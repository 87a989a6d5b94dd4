#include "support/catch.hpp"

#include <array>
#include <cstddef>

#include <tessera/host/streaming.hpp>

TEST_CASE("streamed bytes arrive, and no others change") {
  struct alignas(16) Block {
    std::array<unsigned char, 64> bytes{};
  };
  Block from, to;
  for (std::size_t i = 0; i < 64; ++i) from.bytes[i] = static_cast<unsigned char>(i + 1);
  tessera::host::stream<32>(to.bytes.data() + 16, from.bytes.data());
  tessera::host::stream_fence();
  for (std::size_t i = 0; i < 64; ++i) REQUIRE(to.bytes[i] == (i < 16 || i >= 48 ? 0 : i - 16 + 1));
}
