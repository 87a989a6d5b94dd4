// Streamed stores are ordered by nothing but a fence: whoever streams must have fenced before it
// says that the values are there. This program stands in for both instructions, and counts.
#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>

namespace {

std::size_t streamed = 0, unfenced = 0;

void counted_stream(__m128i* to, __m128i value) {
  ++streamed;
  ++unfenced;
  _mm_stream_si128(to, value);
}
void counted_fence() {
  unfenced = 0;
  _mm_sfence();
}

}  // namespace

#define _mm_stream_si128 counted_stream
#define _mm_sfence counted_fence
#include <tessera/loops/stream_rows.hpp>

using tessera::detail::Applied;
using tessera::detail::Operand;

TEST_CASE("what is streamed is fenced before the loop over its rows ends") {
  // Rows of one stretch, with ragged ends, and many of them; inputs next to each other, or not.
  struct Case {
    std::array<std::size_t, 2> shape;
    std::ptrdiff_t row, step, begin;
  };
  const auto at = GENERATE(Case{{1, 100'000}, 100'000, 1, 0}, Case{{1, 99'999}, 99'999, 1, 3},
                           Case{{100, 1000}, 1016, 1, 0}, Case{{100, 1000}, 1000, 2, 1});
  std::vector<double> from(300'000, 1.0), to(300'000);
  const Operand<double, 2> out{to.data() + at.begin, {at.row, 1}};
  const Operand<const double, 2> in{from.data(), {at.row * at.step, at.step}};
  streamed = unfenced = 0;
  tessera::detail::stream_rows(at.shape, out,
                               Applied<std::negate<>, Operand<const double, 2>>{{}, {in}});
  REQUIRE(streamed > 10'000);
  REQUIRE(unfenced == 0);
  REQUIRE(to[static_cast<std::size_t>(at.begin)] == -1.0);
}

#else
#include <tessera/host/streaming.hpp>

TEST_CASE("what is streamed is fenced before the loop over its rows ends") {
  STATIC_REQUIRE_FALSE(tessera::host::can_stream);  // nothing passes the caches by here
}
#endif
