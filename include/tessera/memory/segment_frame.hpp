// Floor 3, memory: the padding and the control block of a mapped segment, checked and restored.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <tessera/memory/control_block.hpp>

namespace tessera::detail {

/// Finds and undoes writes beyond the end of the data.
class SegmentFrame {
 public:
  /// `padding`: the end of the data. `block`: the control block. `original`: that block as it was
  /// when the segment was made or opened; it must outlive this object.
  SegmentFrame(std::byte* padding, std::byte* block, const ControlBlock& original) noexcept
      : padding_(padding), block_(block), original_(original) {}

  /// The state that the owner has written last.
  SegmentState state() const noexcept {
    auto* const word = reinterpret_cast<std::uint32_t*>(block_ + state_at);
    return static_cast<SegmentState>(std::atomic_ref(*word).load(std::memory_order_acquire));
  }

  /// True if padding and block are unchanged up to the counter. The state is left out: the owner
  /// changes it.
  bool intact() const noexcept {
    // Compared as words, for speed: this runs after each tile, however small.
    std::array<std::uint32_t, published_at / 4> now, was;
    std::memcpy(now.data(), block_, sizeof now);
    std::memcpy(was.data(), &original_, sizeof was);
    std::uint32_t changed = 0;
    for (std::size_t i = 0; i < now.size(); ++i) changed |= i == state_at / 4 ? 0 : now[i] ^ was[i];
    return changed == 0 &&
           std::all_of(padding_, block_, [](std::byte b) { return b == std::byte{0}; });
  }

  /// Restores padding and block up to the counter. The state stays if it is a valid one.
  void restore() noexcept {
    const auto* const was = reinterpret_cast<const std::byte*>(&original_);
    std::fill(padding_, block_, std::byte{0});
    const auto now = static_cast<std::uint32_t>(state());
    const bool known = now >= 1 && now <= 3;
    std::memcpy(block_, was, known ? state_at : identity_at);
    std::memcpy(block_ + identity_at, was + identity_at, published_at - identity_at);
  }

 private:
  static constexpr std::size_t state_at = offsetof(ControlBlock, state),
                               identity_at = offsetof(ControlBlock, identity),
                               published_at = offsetof(ControlBlock, published);

  std::byte *padding_, *block_;
  const ControlBlock& original_;
};

}  // namespace tessera::detail
