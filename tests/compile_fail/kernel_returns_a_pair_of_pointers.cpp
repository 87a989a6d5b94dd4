// expect first: tessera: a kernel's result is an address in the worker's memory
#include <utility>

#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto x) { return std::pair(&x(0), &x(1)); }, a);
}
