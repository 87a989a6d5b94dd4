// expect first: tessera: a kernel is called as kernel(tiles...), which a pointer to a member is not
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map({2}, &tessera::TileView<const double, 1>::operand, a);
}
