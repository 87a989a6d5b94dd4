// The other source: it has a kernel, and catches an Error.
#include <tessera.hpp>

double sum_of_squares(tessera::TiledPool& pool, const tessera::SharedArray<double, 2>& a) {
  try {
    tessera::SharedArray<double, 2>::attach(a.name(), {9, 9});
  } catch (const tessera::Error& error) {
    if (error.errc() != tessera::Errc::shape_mismatch) return -1;
  }
  double out = 0;
  const auto parts = pool.map(
      {4, 4}, [](auto tile) { return double(xt::sum(tile * tile)()); }, a);
  for (const double part : parts) out += part;
  return out;
}
