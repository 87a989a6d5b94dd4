// Floor 4, pool/board: what workers tell of tiles that threw, and of jobs that they could not
// begin.
//
// It stands on the board. Workers claim a place by counting, write, and say last, with release,
// that the place is whole; a worker that dies in between leaves a place that never is. Cleared
// while nobody is inside a job.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/error.hpp>

namespace tessera::detail {

inline constexpr std::uint64_t no_tile = static_cast<std::uint64_t>(-1);

class FailureLog {
 public:
  static constexpr std::size_t room = 16, text_size = 1500;

  /// Of tile `tile`, or no_tile for what happened outside any tile. The first ones are kept.
  void add(std::uint64_t tile, Errc code, std::string_view text) noexcept {
    std::uint64_t at = room;
    if (tile == no_tile) {
      if (outside_.exchange(1) != 0) return;
    } else {
      at = thrown_.fetch_add(1);
      if (at >= room) return;
    }
    auto& place = places_[at];
    place.tile = tile;
    place.code = static_cast<std::int32_t>(code);
    const auto length = (std::min)(text.size(), text_size - 1);
    std::memcpy(place.text.data(), text.data(), length);
    place.text[length] = '\0';
    whole_[at].store(1, std::memory_order_release);  // pairs with told()
  }

  struct Told {
    std::uint64_t tile;
    Errc code;
    std::string text;
  };
  /// What is told of tiles, in the order in which they threw.
  std::vector<Told> told() const {
    std::vector<Told> out;
    for (std::size_t at = 0; at < room; ++at) tell(at, out);
    return out;
  }
  /// What is told of something outside any tile: one, or none.
  std::vector<Told> told_outside() const {
    std::vector<Told> out;
    tell(room, out);
    return out;
  }
  /// How many kernels threw, told or not.
  std::uint64_t thrown() const noexcept { return thrown_.load(); }
  /// True if anything was to be told, whether or not it was.
  bool any() const noexcept { return thrown_.load() != 0 || outside_.load() != 0; }

  void clear() noexcept {
    if (!any()) return;
    for (auto& whole : whole_) whole.store(0);
    thrown_.store(0);
    outside_.store(0);
  }

 private:
  struct Place {
    std::uint64_t tile;
    std::int32_t code;
    std::array<char, text_size> text;
  };

  void tell(std::size_t at, std::vector<Told>& out) const {
    if (whole_[at].load(std::memory_order_acquire) == 0) return;
    const auto& place = places_[at];
    out.push_back({place.tile,
                   static_cast<Errc>(place.code),
                   {place.text.data(), ::strnlen(place.text.data(), text_size)}});
  }

  std::atomic<std::uint64_t> thrown_{0};
  std::atomic<std::uint32_t> outside_{0};
  std::array<std::atomic<std::uint32_t>, room + 1> whole_{};
  // Not initialised, so that a board's pages are not touched before somebody has failed.
  std::array<Place, room + 1> places_;
};

}  // namespace tessera::detail
