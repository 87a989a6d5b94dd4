// expect first: tessera: this tile is an input and read-only: pass the array as into(array)
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto v) { v = 1; }, a);
}
