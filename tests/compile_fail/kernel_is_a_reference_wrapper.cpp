// expect first: tessera: a std::reference_wrapper is an address
#include <functional>

#include <tessera.hpp>

struct Kernel {
  void operator()(const auto&) const {}
};
Kernel kernel;
int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map({2}, std::ref(kernel), a);
}
