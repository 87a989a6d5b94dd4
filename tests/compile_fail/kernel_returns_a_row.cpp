// expect first: tessera: a kernel's result is an address in the worker's memory
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto x) { return x.row(); }, a);
}
