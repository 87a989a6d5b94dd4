// expect first: tessera: into() takes an array that can be written
#include <tessera.hpp>

int main() {
  const auto a = tessera::SharedArray<double, 1>::create({4});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto v) { v = 1; }, tessera::into(a));
}
