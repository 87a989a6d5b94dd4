// expect: deleted
#include <tessera/memory/shared_array.hpp>

int main() {
  auto a = tessera::SharedArray<double, 2>::create("a", {2, 3});
  a.reshape({3, 2});
}
