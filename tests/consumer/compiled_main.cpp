// A program of two sources with the compiled part: this one starts the pool.
#include <tessera.hpp>

#if !defined(TESSERA_COMPILED)
#error "tessera::compiled sets TESSERA_COMPILED"
#endif

double sum_of_squares(tessera::TiledPool& pool, const tessera::SharedArray<double, 2>& a);

int main() {
  tessera::TiledPool pool(2);
  auto a = tessera::SharedArray<double, 2>::create({8, 8});
  pool.map(
      {4, 4}, [](auto tile) { tile = 3; }, tessera::into(a));
  return sum_of_squares(pool, a) == 8 * 8 * 9 ? 0 : 1;
}
