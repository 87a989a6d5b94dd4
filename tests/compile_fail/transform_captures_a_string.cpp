// expect first: the function of transform travels to other processes as bytes
#include <string>
#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({4});
  const std::string text = "text";
  tessera::TiledPool::in_caller().transform(
      a, [text](double x) { return x + static_cast<double>(text.size()); }, a);
}
