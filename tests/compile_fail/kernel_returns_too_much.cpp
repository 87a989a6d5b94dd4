// expect first: tessera: a kernel's result travels as bytes: it must be trivially copyable
#include <tessera.hpp>

struct Large {
  char bytes[65537];
};

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto) { return Large{}; }, a);
}
