// expect: tessera: this array is read-only: its element type is const
#include <tessera/memory/shared_array.hpp>

int main() {
  auto a = tessera::SharedArray<const double, 2>::attach("a");
  a = 7.0;
}
