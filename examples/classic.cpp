// The sum of two grids, tile by tile: classic.py, line by line, with tessera. README.md has the two
// side by side.
#include <iostream>
#include <random>
#include <tessera.hpp>

using namespace tessera;

int main() {
  try {
    TiledPool pool(10);
    auto tmp = SharedArray<double, 3>::create("tmp", {365, 16, 16});
    auto rad = SharedArray<double, 3>::create("rad", {365, 16, 16});
    auto vpd = SharedArray<double, 3>::create("vpd", {365, 16, 16});

    std::mt19937_64 random(std::random_device{}());
    std::uniform_real_distribution<double> uniform;
    for (auto* const array : {&tmp, &rad})
      for (auto& element : *array) element = uniform(random);

    const auto ones = pool.map(
        {4, 4},
        [](auto v, auto t, auto r) {
          v = t + r;
          return 1;
        },
        into(vpd), tmp, rad);

    std::cout << xt::sum(ones)() << ' ' << (vpd == tmp + rad ? "True" : "False") << '\n';
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
