// Public: ControlBlock, SegmentState, Identity. Floor 3, memory: the record after an array's data.
//
// 128 bytes at align64(header + data): their place follows from the header, never from the
// segment's size. They say that the segment is tessera's, which array it is (a random identity),
// which process owns it (a random identity) and its state. The state and the three counters of
// steps change while others read them; the rest is written before the name appears, and never
// again.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace tessera {

/// 16 random bytes that tell one array, or one process, from every other.
using Identity = std::array<std::uint8_t, 16>;

/// owned: reaped when its owner has ended. kept: stays until somebody removes it. ended: its owner
/// has removed the name or is removing it; attached processes may unmap it.
enum class SegmentState : std::uint32_t { owned = 1, kept = 2, ended = 3 };

/// The 128 bytes after an array's data, as they lie in memory.
struct ControlBlock {
  /// The first bytes of a control block.
  static constexpr std::array<char, 8> magic_value{'T', 'E', 'S', 'S', 'E', 'R', 'A', '\0'};
  static constexpr std::uint32_t layout_value = 1;  ///< the version that this library writes

  std::array<char, 8> magic = magic_value;  ///< other bytes: not a control block
  std::uint32_t layout = layout_value;      ///< version of this struct
  std::uint32_t state = 0;                  ///< a SegmentState
  Identity identity{};                      ///< of this array, random
  Identity owner{};                         ///< of the process that created it, random
  std::uint64_t inode = 0;                  ///< of this file: a byte copy has another
  std::int64_t created_ns = 0;              ///< nanoseconds since 1970, UTC
  std::uint64_t published = 0;              ///< the last step that is complete, at offset 64
  std::uint64_t begun = 0;                  ///< the last step whose slot is, or was, written
  std::uint64_t first = 0;                  ///< no step before this one is in its slot
  std::array<std::uint8_t, 40> reserved{};  ///< zeros

  /// The offset of an array's control block: after its data, on a cache line.
  static constexpr std::size_t offset_for(std::size_t data_offset, std::size_t data_bytes) {
    return (data_offset + data_bytes + 63) / 64 * 64;
  }

  /// The control block in these bytes (at least 128), or nothing if they are none. It is copied
  /// first and then checked: later writes of others change nothing.
  static std::optional<ControlBlock> read(std::string_view bytes) {
    ControlBlock block;
    if (bytes.size() < sizeof block) return std::nullopt;
    std::memcpy(&block, bytes.data(), sizeof block);
    const bool known = block.magic == magic_value && block.layout == layout_value &&
                       block.state >= 1 && block.state <= 3;
    return known ? std::optional(block) : std::nullopt;
  }

  /// All 128 bytes of this object. Valid as long as it.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
};

static_assert(sizeof(ControlBlock) == 128 && std::is_trivially_copyable_v<ControlBlock>);
static_assert(offsetof(ControlBlock, state) == 12 && offsetof(ControlBlock, identity) == 16 &&
              offsetof(ControlBlock, inode) == 48 && offsetof(ControlBlock, published) == 64 &&
              offsetof(ControlBlock, begun) == 72 && offsetof(ControlBlock, first) == 80);

}  // namespace tessera
