#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <type_traits>
#include <vector>

#include <tessera/loops/stream_rows.hpp>

using tessera::cache_line;
using tessera::detail::Applied;
using tessera::detail::Operand;
using tessera::detail::run_rows;
using tessera::detail::stream_row;
using tessera::detail::stream_rows;

namespace {

template <std::size_t Size>
struct Bytes {
  std::array<std::uint8_t, Size> bytes;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// Size 8 and alignment 4: may lie across the beginning of a cache line.
struct OddlyPlaced {
  float x;
  std::int32_t y;
  friend bool operator==(const OddlyPlaced&, const OddlyPlaced&) = default;
};

template <class T>
T numbered(std::size_t i) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<T>(i % 101 + 1);
  } else if constexpr (std::is_same_v<T, std::complex<double>>) {
    return {static_cast<double>(i), 1};
  } else {
    T value{};
    const auto low = static_cast<std::uint32_t>(i + 1);
    std::memcpy(static_cast<void*>(&value), &low, std::min(sizeof value, sizeof low));
    return value;
  }
}

/// Turns a value over, so that a result can't be an input that was copied.
struct Flip {
  template <class T>
  T operator()(const T& value) const {
    T out = value;
    std::array<unsigned char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    bytes[0] = static_cast<unsigned char>(bytes[0] ^ 1);
    std::memcpy(static_cast<void*>(&out), bytes.data(), sizeof value);
    return out;
  }
};

/// Rows of every length up to 200 bytes and a few lines, at every place in a line.
template <class T, bool Unit>
void every_place() {
  constexpr std::size_t places = cache_line / alignof(T);
  const std::size_t longest =
      std::max<std::size_t>(200 / sizeof(T), 3 * cache_line / sizeof(T)) + 2;
  const std::size_t step = Unit ? 1 : 2;
  std::vector<T> in(longest * step + 1);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = numbered<T>(i);
  using Out = Operand<T, 1>;
  using In = Operand<const T, 1>;
  for (std::size_t place = 0; place < places; ++place)
    for (std::size_t length = 0; length <= longest; ++length) {
      std::vector<std::byte> memory(2 * cache_line + longest * sizeof(T) + cache_line,
                                    std::byte{0x5a});
      auto at = reinterpret_cast<std::uintptr_t>(memory.data());
      at += (cache_line - at % cache_line) + place * alignof(T);
      auto expected = memory;
      const auto offset = at - reinterpret_cast<std::uintptr_t>(memory.data());
      for (std::size_t i = 0; i < length; ++i) {
        const T value = Flip{}(in[i * step]);
        std::memcpy(expected.data() + offset + i * sizeof(T), &value, sizeof value);
      }
      stream_row<Unit>(Out{reinterpret_cast<T*>(at), {1}},
                       Applied<Flip, In>{{}, {In{in.data(), {static_cast<std::ptrdiff_t>(step)}}}},
                       static_cast<std::ptrdiff_t>(length));
      tessera::host::stream_fence();
      REQUIRE(std::memcmp(memory.data(), expected.data(), memory.size()) == 0);
    }
}

template <class T>
void every_place() {
  every_place<T, true>();
  every_place<T, false>();
}

/// Random shapes, strides and broadcasts of long rows: streamed and plain rows write the same.
template <class T>
void same_as_plain(int rounds) {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t lo, std::size_t hi) {
    return std::uniform_int_distribution<std::size_t>(lo, hi)(random);
  };
  for (int round = 0; round < rounds; ++round) {
    const std::array<std::size_t, 3> shape{pick(1, 3), pick(1, 4), pick(0, 1400 / sizeof(T) + 40)};
    const auto strides = [&](bool broadcasts) {
      const auto last = broadcasts && pick(0, 4) == 0 ? pick(0, 2) : 1;
      const auto middle = pick(0, 1) ? std::max<std::size_t>(1, shape[2] * last) : 1700 * 3;
      const std::size_t none = broadcasts && pick(0, 4) == 0 ? 0 : 1;
      std::array<std::ptrdiff_t, 3> out{static_cast<std::ptrdiff_t>(middle * shape[1] * none),
                                        static_cast<std::ptrdiff_t>(middle),
                                        static_cast<std::ptrdiff_t>(last)};
      return out;
    };
    std::vector<T> a(80000), b(80000), streamed(80000), plain(80000);
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = numbered<T>(i);
      b[i] = numbered<T>(i * 7);
    }
    const auto to = strides(false);
    const auto start = pick(0, 40);
    using In = Operand<const T, 3>;
    const auto second = [](const T& x, const T& y) { return Flip{}(x) == y ? x : Flip{}(y); };
    const Applied<decltype(second), In, In> from{
        second, {In{a.data() + pick(0, 20), strides(true)}, In{b.data(), strides(true)}}};
    run_rows(shape, Operand<T, 3>{plain.data() + start, to}, from);
    stream_rows(shape, Operand<T, 3>{streamed.data() + start, to}, from);
    REQUIRE(streamed == plain);
  }
}

}  // namespace

TEST_CASE("a streamed row writes its elements and no others, at any place and of any length") {
  every_place<std::uint8_t>();
  every_place<std::int16_t>();
  every_place<float>();
  every_place<double>();
  every_place<std::complex<double>>();
  every_place<Bytes<32>>();
  every_place<Bytes<64>>();
}

TEST_CASE("a streamed row of structs that lie across cache lines is stored all the same") {
  every_place<OddlyPlaced>();
}

TEST_CASE("streamed rows are the same as plain ones") {
  same_as_plain<std::uint8_t>(30);
  same_as_plain<std::int16_t>(30);
  same_as_plain<float>(60);
  same_as_plain<double>(100);
  same_as_plain<std::complex<double>>(30);
  same_as_plain<OddlyPlaced>(30);
}

TEST_CASE("elements that fill no cache line are stored as usual") {
  STATIC_REQUIRE(!tessera::detail::streamable<Bytes<3>>);
  STATIC_REQUIRE(!tessera::detail::streamable<Bytes<12>>);
  same_as_plain<Bytes<3>>(20);
  same_as_plain<Bytes<12>>(20);
  same_as_plain<Bytes<24>>(20);
}

TEST_CASE("results are converted to the output's type when streamed, too") {
  std::vector<double> in(500);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<double>(i) / 4;
  std::vector<int> streamed(500), plain(500);
  const std::array<std::size_t, 1> shape{500};
  const Operand<const double, 1> from{in.data(), {1}};
  stream_rows(shape, Operand<int, 1>{streamed.data(), {1}}, from);
  run_rows(shape, Operand<int, 1>{plain.data(), {1}}, from);
  CHECK(streamed == plain);
  CHECK(streamed[499] == 124);
}

TEST_CASE("streaming is for work that does not fit into the last-level cache") {
  using tessera::detail::streaming_pays;
  const auto cache = tessera::host::last_level_cache();
  CHECK(!streaming_pays(0));
  CHECK(!streaming_pays(cache / 2));
  CHECK(streaming_pays(cache) == (tessera::host::can_stream && cache != 0));
}
