// expect first: tessera: visit's function returns one type for all element types
#include <tessera/memory/any_array.hpp>

int main() {
  const auto a = tessera::AnyArray::attach("a");
  return static_cast<int>(a.visit([](const auto& array) { return array.data()[0]; }));
}
