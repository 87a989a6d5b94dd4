// expect first: tessera: a kernel travels to other processes as bytes, so its captures must
#include <string>

#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  const std::string text = "captured";
  tessera::TiledPool::in_caller().map(
      {2}, [text](auto v) { v = static_cast<double>(text.size()); }, tessera::into(a));
}
