// expect first: tessera: transform's function can't be called with one element of each input
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().transform(
      a, [](double x, double y) { return x + y; }, a);
}
