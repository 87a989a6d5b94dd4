#include <tessera/memory/segment_frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::ControlBlock;
using tessera::SegmentState;
using tessera::detail::SegmentFrame;

namespace {

/// 40 bytes of padding and a control block behind them.
struct BytesOfFrame {
  static constexpr std::size_t padding = 40;
  ControlBlock original;
  alignas(64) std::array<std::byte, padding + sizeof(ControlBlock)> bytes{};
  BytesOfFrame() {
    original.state = static_cast<std::uint32_t>(SegmentState::owned);
    original.identity[0] = 200;
    original.inode = 77;
    std::memcpy(bytes.data() + padding, &original, sizeof original);
  }
  SegmentFrame frame() { return {bytes.data(), bytes.data() + padding, original}; }
  void set_state(std::uint32_t state) {
    std::memcpy(bytes.data() + padding + offsetof(ControlBlock, state), &state, sizeof state);
  }
};

}  // namespace

TEST_CASE("what is written behind the data is noticed and put back, the counter left as it is") {
  const auto name = unique_name();
  const auto owner = create(name, {5, 7});
  const auto guest = attach(name);
  auto* const behind = owner->data() + owner->header().data_bytes();
  const auto to_block =
      ControlBlock::offset_for(owner->header().data_offset, owner->header().data_bytes()) -
      owner->header().data_offset - owner->header().data_bytes();
  REQUIRE(guest->intact());
  for (std::size_t at = 0; at < to_block + offsetof(ControlBlock, published); ++at) {
    const bool state = at >= to_block + offsetof(ControlBlock, state) &&
                       at < to_block + offsetof(ControlBlock, identity);
    behind[at] ^= std::byte{0x40};
    INFO("byte " << at);
    REQUIRE(owner->intact() == state);  // others may change the state
    REQUIRE(guest->intact() == state);
    owner->restore();
    REQUIRE(guest->intact());
    REQUIRE(attach(name)->identity() == owner->identity());
  }
  behind[to_block + offsetof(ControlBlock, published)] = std::byte{3};
  CHECK(owner->intact());
}

TEST_CASE("each byte of padding and block before the counter is seen, the state's are not") {
  BytesOfFrame its;
  REQUIRE(its.frame().intact());
  for (std::size_t at = 0; at < its.bytes.size(); ++at) {
    INFO("byte " << at);
    its.bytes[at] ^= std::byte{1};
    const auto in_block = at - BytesOfFrame::padding;
    const bool looked_at = at < BytesOfFrame::padding ||
                           (in_block < offsetof(ControlBlock, published) && in_block / 4 != 3);
    REQUIRE(its.frame().intact() != looked_at);
    its.bytes[at] ^= std::byte{1};
  }
}

TEST_CASE("what is restored is what was there, but for counter and reserved bytes") {
  BytesOfFrame its;
  const auto before = its.bytes;
  its.bytes.fill(std::byte{0xee});
  its.frame().restore();
  CHECK(its.frame().intact());
  constexpr auto counter = BytesOfFrame::padding + offsetof(ControlBlock, published);
  CHECK(std::memcmp(its.bytes.data(), before.data(), counter) == 0);
  CHECK(its.bytes[counter] == std::byte{0xee});
  CHECK(its.bytes.back() == std::byte{0xee});
}

TEST_CASE("a state that the owner has written meanwhile is not taken back") {
  BytesOfFrame its;
  for (const auto state : {SegmentState::kept, SegmentState::ended}) {
    its.set_state(static_cast<std::uint32_t>(state));
    its.frame().restore();
    CHECK(its.frame().state() == state);
  }
}

TEST_CASE("a state that is none becomes the one that was there") {
  BytesOfFrame its;
  for (const std::uint32_t state : {0u, 4u, 0xffffffffu}) {
    its.set_state(state);
    its.frame().restore();
    CHECK(its.frame().state() == SegmentState::owned);
  }
}
