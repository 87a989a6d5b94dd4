// Floor 4, pool/board: reports of workers about tiles that threw, and about jobs that they could
// not begin.
//
// It stands on the board. A worker takes an entry by counting up, writes it, and then marks it as
// complete, with release. If the worker dies in between, the entry is never complete. The caller
// clears the log while nobody is inside a job.
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

// Texts for an array whose control block a kernel has written over.
inline constexpr std::string_view
    written_behind = "a kernel has written behind the end of its data, and maybe over other tiles",
    how_to_find_overruns =
        "build the program with -DTESSERA_CHECK_BOUNDS: the error then names tile "
        "and index";

class FailureLog {
 public:
  static constexpr std::size_t capacity = 16, text_size = 1500;

  /// Reports a failure of `tile`, or of something outside any tile (no_tile). If the log is full,
  /// the report is dropped.
  void add(std::uint64_t tile, Errc code, std::string_view text) noexcept {
    std::uint64_t at = capacity;
    if (tile == no_tile) {
      if (outside_.exchange(1) != 0) return;
    } else {
      at = thrown_.fetch_add(1);
      if (at >= capacity) return;
    }
    auto& entry = entries_[at];
    entry.tile = tile;
    entry.code = static_cast<std::int32_t>(code);
    const auto length = (std::min)(text.size(), text_size - 1);
    std::memcpy(entry.text.data(), text.data(), length);
    entry.text[length] = '\0';
    complete_[at].store(1, std::memory_order_release);  // pairs with the acquire in read()
  }

  struct Record {
    std::uint64_t tile;
    Errc code;
    std::string text;
  };
  /// Failures of tiles, in the order in which they threw.
  std::vector<Record> of_tiles() const {
    std::vector<Record> out;
    for (std::size_t at = 0; at < capacity; ++at) read(at, out);
    return out;
  }
  /// The failure outside any tile: one entry or none.
  std::vector<Record> outside_tiles() const {
    std::vector<Record> out;
    read(capacity, out);
    return out;
  }
  /// How many kernels threw, recorded or not.
  std::uint64_t thrown() const noexcept { return thrown_.load(); }
  /// True if anything was reported, even if the worker died before its entry was complete.
  bool any() const noexcept { return thrown_.load() != 0 || outside_.load() != 0; }

  void clear() noexcept {
    if (!any()) return;
    for (auto& complete : complete_) complete.store(0);
    thrown_.store(0);
    outside_.store(0);
  }

 private:
  struct Entry {
    std::uint64_t tile;
    std::int32_t code;
    std::array<char, text_size> text;
  };

  void read(std::size_t at, std::vector<Record>& out) const {
    if (complete_[at].load(std::memory_order_acquire) == 0) return;
    const auto& entry = entries_[at];
    out.push_back({entry.tile,
                   static_cast<Errc>(entry.code),
                   {entry.text.data(), ::strnlen(entry.text.data(), text_size)}});
  }

  std::atomic<std::uint64_t> thrown_{0};
  std::atomic<std::uint32_t> outside_{0};
  std::array<std::atomic<std::uint32_t>, capacity + 1> complete_{};
  // Not initialised: a board's pages stay untouched until something fails.
  std::array<Entry, capacity + 1> entries_;
};

}  // namespace tessera::detail
