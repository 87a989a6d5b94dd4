// expect first: tessera: elements are aligned to 64 bytes at most, as the data of a segment is
#include <tessera/memory/shared_array.hpp>

struct alignas(256) Page {
  double value;
};
TESSERA_FIELDS(Page, value);

int main() { auto a = tessera::SharedArray<Page, 1>::create({4}); }
