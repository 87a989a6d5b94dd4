// expect first: is called with nothing, or with the number of the worker
#include <tessera.hpp>

int main() {
  tessera::TiledPool pool(2, {.each_worker = [](int, int) {}});
}
