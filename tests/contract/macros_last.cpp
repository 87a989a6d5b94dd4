// A program that has read some of the standard library before the macros of other people's headers,
// and then includes one header of ours after the other: min and max are macros in all of them.
#include <algorithm>
#include <codecvt>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <ranges>
#include <regex>
#include <sstream>
#include <thread>

#include <boost/interprocess/anonymous_shared_memory.hpp>
#include <boost/interprocess/mapped_region.hpp>

#include <tessera/loops/xtensor.hpp>

#include "contract/foreign_macros.hpp"

#include <tessera/base/config.hpp>
#include <tessera/loops/rows.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/shared_array.hpp>
#include <tessera/pool/keeper/fork.hpp>
#include <tessera/pool/tiled_pool.hpp>

#include "contract/foreign_macros_left.hpp"

bool computes_among_macros();

int main() {
  using namespace tessera;
  auto out = SharedArray<float, 1>::create({100});
  TiledPool pool(2);
  pool.map(
      {10}, [](auto v) { v = 1.5f; }, into(out));
  pool.transform(
      out, [](float x) { return x + 1; }, out);
  return computes_among_macros() && out(99) == 2.5f ? 0 : 1;
}
