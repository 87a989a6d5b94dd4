// expect first: tessera: an argument of a job is a SharedArray or an xt::view of one
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  const xt::xtensor<double, 1> b = xt::ones<double>({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto v, auto x) { v = x; }, tessera::into(a), b);
}
