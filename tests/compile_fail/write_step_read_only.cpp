// expect first: tessera: this array is read-only: its element type is const
#include <tessera/memory/frames.hpp>
#include <tessera/memory/shared_array.hpp>

int main() {
  auto a = tessera::SharedArray<const double, 2>::attach("a");
  auto now = a.write_step(1);
}
