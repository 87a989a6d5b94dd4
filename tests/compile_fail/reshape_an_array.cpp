// expect first: deleted
#include <array>

#include <tessera/memory/shared_array.hpp>

int main() {
  auto a = tessera::SharedArray<double, 2>::create("a", {2, 3});
  a.reshape(std::array<std::size_t, 2>{3, 2});
}
