// expect first: tessera: into() and whole() take an array or an xt::view of one, once
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  static_cast<void>(tessera::into(tessera::whole(a)));
}
