// expect first: tessera: the kernel can't be called with one tile for each argument
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  auto b = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto v) { v = 1; }, tessera::into(a), b);
}
