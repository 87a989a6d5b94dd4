// Compiled to assembler by vectors.cmake, once for each kind of loop.
#include <array>
#include <cstddef>
#include <cstdint>

#include <tessera/loops/tile_view.hpp>

using tessera::TileView;

#if defined(LOOP_arithmetic)
void loop(TileView<float, 2> out, TileView<const float, 2> in) { out = in * 2.f; }
#elif defined(LOOP_conversion)
void loop(TileView<float, 2> out, TileView<const std::int16_t, 2> in) { out = in; }
#elif defined(LOOP_choice)
void loop(tessera::detail::Operand<float, 2> out, tessera::detail::Operand<const float, 2> in,
          std::size_t n) {
  const auto inverse = [](float v) {
    const float quotient = 1.f / v;
    return v == 0.f ? 0.f : quotient;
  };
  using Inverse = tessera::detail::Applied<decltype(inverse), decltype(in)>;
  tessera::detail::run_rows(std::array<std::size_t, 2>{n, n}, out, Inverse{inverse, {in}});
}
#elif defined(LOOP_reduction)
void loop(TileView<float, 1> out, TileView<const float, 2> in) { out = xt::sum(in, {0}); }
#elif defined(LOOP_broadcast)
void loop(TileView<float, 1> out, TileView<const float, 2> in, TileView<const float, 2> column) {
  out = xt::sum(in * column, {0});
}
#elif defined(LOOP_scan)
void loop(TileView<float, 2> out, TileView<const float, 2> in) { out = xt::cumsum(in, 0); }
#endif
