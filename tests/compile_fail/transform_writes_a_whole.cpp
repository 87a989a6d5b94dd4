// expect first: tessera: transform's first argument is its output
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  auto pool = tessera::TiledPool::in_caller();
  pool.transform(
      tessera::whole(a), [](double x) { return x; }, a);
}
