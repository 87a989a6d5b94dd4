// expect first: tessera: frames need #include <tessera/memory/frames.hpp>
#include <tessera/memory/shared_array.hpp>

int main() {
  auto a = tessera::SharedArray<double, 2>::create("a", {2, 3});
  auto frame = a.latest();
}
