// expect first: tessera: this kernel takes a written argument as an array of its own
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 2>::create({8, 8});
  auto out = tessera::SharedArray<double, 2>::create({8, 8});
  tessera::TiledPool::in_caller().map(
      {4, 4}, [](xt::xtensor<double, 2> v, xt::xtensor<double, 2> x) { v = x; }, tessera::into(out),
      a);
}
