// Standard headers, as far as their names are used here: the module exports none of them. clang 16
// needs <array> and <string> in any case.
#include <array>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

import tessera;

using namespace tessera;

namespace {

/// Rows less their means, twice; with named types, so that xtensor's operators are looked up here.
void centre(TileView<double, 2> v, TileView<const double, 2> x) {
  v = x - xt::mean(x);
  v += v;
}

bool missing_is_told() {
  try {
    const auto none = SharedArray<float, 1>::attach("module-consumer-none");
  } catch (const Error& error) {
    return error.code() == Errc::name_missing;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  run_as_worker(argc, argv);
  auto a = SharedArray<double, 2>::create({8, 8});
  auto b = SharedArray<double, 2>::create({8, 8});
  for (const auto method : {StartMethod::fork, StartMethod::spawn}) {
    TiledPool pool(2, {.start_method = method});
    pool.transform(a, [](auto at) { return static_cast<double>(at[1] % 2); });
    pool.map(
        {4, 4}, [](auto v, auto x) { centre(v, x); }, into(b), a);
    const auto sums = pool.map(
        {4, full}, [](auto x) { return double(xt::sum(x * x)()); }, b);
    if (xt::sum(b)() != 0 || sums(0) != 32 || sums(1) != 32) return 1;
  }
  std::cout << xt::view(b, 0) << '\n';
  for (const auto& entry : catalog::list())
    if (entry.name == b.name()) return missing_is_told() ? 0 : 1;
  return 1;
}
