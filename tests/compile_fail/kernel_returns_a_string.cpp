// expect first: tessera: a kernel's result travels as bytes: it must be trivially copyable
#include <string>

#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto) { return std::string("no"); }, a);
}
