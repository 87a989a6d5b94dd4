// expect first: tessera: a kernel's result is an address in the worker's memory
#include <optional>
#include <string_view>

#include <tessera.hpp>

int main() {
  auto a = tessera::SharedArray<double, 1>::create({8});
  tessera::TiledPool::in_caller().map(
      {2}, [](auto) { return std::optional<std::string_view>(); }, a);
}
