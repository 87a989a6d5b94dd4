// expect first: tessera: map needs at least one array to cut into tiles
#include <tessera.hpp>

int main() {
  tessera::TiledPool::in_caller().map({2}, [] {});
}
