// expect first: tessera: the kernel can't be called with one tile for each argument
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 2>::create({8, 8});
  tessera::TiledPool::in_caller().map(
      {2, 2}, [](const tessera::Tile<1>&, auto v) { v = 1; }, tessera::into(a));
}
