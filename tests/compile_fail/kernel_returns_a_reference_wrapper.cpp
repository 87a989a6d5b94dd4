// expect first: tessera: a kernel's result is an address in the worker's memory
#include <functional>

#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto x) { return std::ref(x(0)); }, a);
}
