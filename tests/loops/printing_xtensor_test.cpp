// Tests of loops/printing.hpp: a program that includes xtensor's xio.hpp gets xtensor's way.
#include "support/xtensor.hpp"

#include <tessera/loops/printing.hpp>

#include <sstream>

#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"

TEST_CASE("with xtensor's own header, arrays are printed as xtensor prints") {
  using namespace tessera;
  auto a = SharedArray<double, 1>::create({2});
  a = 0.5;
  std::ostringstream ours, plain;
  ours << a << a + 1.0;
  plain << xt::xtensor<double, 1>{0.5, 0.5} << xt::xtensor<double, 1>{1.5, 1.5};
  CHECK(ours.str() == plain.str());
  CHECK(ours.str().find("{ 0.5,  0.5}") == 0);
}
