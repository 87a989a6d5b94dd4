// expect first: deleted
#include <tessera/memory/shared_array.hpp>

int main() {
  const auto a = tessera::SharedArray<double, 2>::create("a", {2, 3});
  const auto b = a;
}
