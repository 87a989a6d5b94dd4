// expect first: tessera: this array is read-only: its element type is const
#include <tessera/memory/shared_array.hpp>

int main() { tessera::SharedArray<const double, 2>::attach("a").publish(1); }
