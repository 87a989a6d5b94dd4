// expect first: tessera: an input of transform has more axes than its output
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  auto b = tessera::SharedArray<double, 2>::create({8, 8});
  tessera::TiledPool::in_caller().transform(
      a, [](double x) { return x; }, b);
}
