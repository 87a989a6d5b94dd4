// Floor 4, pool/board: how the setup of a worker (PoolOptions::each_worker) ended.
//
// One for each slot. Its worker writes it, and the keeper after that worker's death. The number of
// the process says whose report it is, so nothing is reset for a successor.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>

namespace tessera::detail {

class alignas(cache_line) SetupReport {
 public:
  static constexpr std::size_t text_size = 1000;

  /// For the worker: process `number` of this slot is set up.
  void succeed(std::uint32_t number) noexcept { ready_.store(number); }
  /// For the worker, and for the keeper once that worker is dead.
  void fail(std::uint32_t number, std::string_view text) noexcept {
    const auto length = (std::min)(text.size(), text_size - 1);
    std::memcpy(text_.data(), text.data(), length);
    text_[length] = '\0';
    failed_.store(number);  // pairs with the load in text()
  }

  /// True if process `number` is set up.
  bool ready(std::uint32_t number) const noexcept { return ready_.load() == number; }
  /// True if process `number` has ended its setup, or failed in it.
  bool ended(std::uint32_t number) const noexcept {
    return ready(number) || failed_.load() == number;
  }
  /// True if a process of this slot was set up once; true if one has failed once.
  bool ever_ready() const noexcept { return ready_.load() != 0; }
  bool ever_failed() const noexcept { return failed_.load() != 0; }
  /// How many setups in a row have failed in the slot, whose process is `number` now. Later numbers
  /// were written by a kernel, and mean nothing.
  std::uint32_t failures(std::uint32_t number) const noexcept {
    const auto ready = ready_.load(), failed = failed_.load();
    if (failed > number) return 0;
    const auto before = ready <= number ? ready : 0;
    return failed > before ? failed - before : 0;
  }
  /// Why the last setup that failed did so.
  std::string text() const {
    return failed_.load() == 0 ? std::string()
                               : std::string(text_.data(), ::strnlen(text_.data(), text_size));
  }

 private:
  std::atomic<std::uint32_t> ready_{0}, failed_{0};  // numbers of processes; 0: none yet
  // Not initialised: memory of a board is zero, and its pages stay untouched until something fails.
  std::array<char, text_size> text_;
};

}  // namespace tessera::detail
