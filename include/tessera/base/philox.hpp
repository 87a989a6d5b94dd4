// Public: Philox. Floor 0, base: random numbers that depend only on a seed and a stream's number.
//
// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
// (2011). C++26's std::philox4x32 is the same; NumPy's and cuRAND's are of the same kind. A block
// of four numbers is a function of a counter and a key, so streams share no state.
#pragma once

#include <array>
#include <cstdint>

namespace tessera {

/// A random number engine for the distributions of the standard library and of xt::random. Each
/// pair of seed and stream gives its own sequence of 2^66 numbers, the same in every process.
/// Philox(seed) with a seed below 2^32 gives what C++26's std::philox4x32(seed) gives.
///
///     Philox random(2024, tile.number());
///     const double x = std::normal_distribution<>(0, 1)(random);
///
/// Threads must not share one engine.
class Philox {
 public:
  using result_type = std::uint32_t;  ///< each number has 32 random bits

  /// Begins the sequence of this seed and stream.
  explicit constexpr Philox(std::uint64_t seed, std::uint64_t stream = 0) noexcept
      : key_{low(seed), high(seed)}, stream_{low(stream), high(stream)} {}

  static constexpr result_type(min)() noexcept { return 0; }            ///< the least number
  static constexpr result_type(max)() noexcept { return 0xffffffffu; }  ///< the greatest number

  /// The next number of the sequence.
  constexpr result_type operator()() noexcept {
    if (next_ == 4) {
      block_ = block({low(count_), high(count_), stream_[0], stream_[1]}, key_);
      ++count_;
      next_ = 0;
    }
    return block_[next_++];
  }

  /// Skips the next `numbers` numbers, in constant time.
  constexpr void discard(unsigned long long numbers) noexcept {
    const unsigned long long left = 4 - next_;
    if (numbers <= left) {
      next_ += static_cast<unsigned>(numbers);
      return;
    }
    numbers -= left;
    count_ += numbers / 4;
    next_ = 4;
    for (auto n = numbers % 4; n > 0; --n) (*this)();
  }

  /// True if both give the same numbers from here on.
  friend constexpr bool operator==(const Philox& a, const Philox& b) noexcept {
    return a.key_ == b.key_ && a.stream_ == b.stream_ && a.position() == b.position();
  }

  /// Ten rounds of Philox: four numbers from a counter and a key.
  static constexpr std::array<std::uint32_t, 4> block(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key) noexcept {
    for (int round = 0; round < 10; ++round) {
      const auto a = std::uint64_t{0xD2511F53} * counter[0],
                 b = std::uint64_t{0xCD9E8D57} * counter[2];
      counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
    return counter;
  }

 private:
  static constexpr std::uint32_t low(std::uint64_t n) noexcept {
    return static_cast<std::uint32_t>(n);
  }
  static constexpr std::uint32_t high(std::uint64_t n) noexcept {
    return static_cast<std::uint32_t>(n >> 32);
  }
  constexpr std::uint64_t position() const noexcept { return 4 * count_ - (4 - next_); }

  std::array<std::uint32_t, 2> key_, stream_;
  std::uint64_t count_ = 0;  // blocks made so far
  std::array<std::uint32_t, 4> block_{};
  unsigned next_ = 4;  // index in block_; 4: a new block is due
};

}  // namespace tessera
