#include "support/catch.hpp"

#include <bit>
#include <cstring>
#include <random>
#include <string>

#include <tessera/memory/control_block.hpp>

using tessera::ControlBlock;

namespace {

ControlBlock sample() {
  ControlBlock block;
  block.state = 2;
  for (std::uint8_t i = 0; i < 16; ++i) {
    block.identity[i] = i;
    block.owner[i] = static_cast<std::uint8_t>(0x10 + i);
  }
  block.inode = 0x0102030405060708;
  block.created_ns = 0x1112131415161718;
  block.published = 0x2122232425262728;
  return block;
}

}  // namespace

TEST_CASE("the control block's fields stand at their documented offsets") {
  if constexpr (std::endian::native == std::endian::little) {
    std::string expected = {'T', 'E', 'S', 'S', 'E', 'R', 'A', 0, 1, 0, 0, 0, 2, 0, 0, 0};
    for (char i = 0; i < 32; ++i) expected += i;
    expected += "\x08\x07\x06\x05\x04\x03\x02\x01\x18\x17\x16\x15\x14\x13\x12\x11";
    expected += "\x28\x27\x26\x25\x24\x23\x22\x21" + std::string(56, '\0');
    CHECK(sample().bytes() == expected);
  }
}

TEST_CASE("a control block reads back what was written, from more bytes too") {
  const auto block = sample();
  const auto read = ControlBlock::read(std::string(block.bytes()) + "more");
  REQUIRE(read.has_value());
  CHECK(read->bytes() == block.bytes());
}

TEST_CASE("a control block that is too short is none") {
  const std::string bytes(sample().bytes());
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(ControlBlock::read(bytes.substr(0, n)));
}

TEST_CASE("a control block of another magic, layout or state is none") {
  const std::string good(sample().bytes());
  for (std::size_t at = 0; at < 16; ++at) {
    for (int value = 0; value < 256; ++value) {
      auto bytes = good;
      bytes[at] = static_cast<char>(value);
      const bool state = at == 12 && value >= 1 && value <= 3;
      CHECK(ControlBlock::read(bytes).has_value() == (bytes == good || state));
    }
  }
}

TEST_CASE("the control block stands behind the data on the next cache line") {
  STATIC_REQUIRE(ControlBlock::offset_for(128, 0) == 128);
  STATIC_REQUIRE(ControlBlock::offset_for(128, 1) == 192);
  STATIC_REQUIRE(ControlBlock::offset_for(128, 64) == 192);
  STATIC_REQUIRE(ControlBlock::offset_for(128, 65) == 256);
  STATIC_REQUIRE(ControlBlock::offset_for(80, 8) == 128);
  STATIC_REQUIRE(ControlBlock::offset_for(192, std::size_t{1} << 40) ==
                 (std::size_t{1} << 40) + 192);
}
