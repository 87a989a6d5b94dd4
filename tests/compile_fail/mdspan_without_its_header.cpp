// expect first: tessera: mdspan() needs #include <tessera/loops/mdspan.hpp>
#include <tessera/memory/shared_array.hpp>

int main() {
  auto a = tessera::SharedArray<double, 2>::create("a", {2, 3});
  auto m = a.mdspan();
}
