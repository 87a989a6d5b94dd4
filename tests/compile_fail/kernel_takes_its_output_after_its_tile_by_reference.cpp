// expect first: tessera: this kernel takes a written argument as an array of its own
#include <tessera.hpp>

void kernel(const tessera::Tile<2>&, xt::xarray<double>&& v) { v = 1; }

int main() {
  auto out = tessera::SharedArray<double, 2>::create({8, 8});
  tessera::TiledPool::in_caller().map({4, 4}, &kernel, tessera::into(out));
}
