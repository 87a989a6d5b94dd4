// The kernels of the second table with xtensor alone, in one process: the same functions on arrays
// of xtensor's over the same memory.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include <tessera/memory/shared_array.hpp>
#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xvectorize.hpp>
#include <xtensor/xview.hpp>

#include "fields.hpp"
#include "natural.hpp"

namespace {

namespace natural = bench::natural;
using xt::all;
using xt::range;

/// A named array, as xtensor's own.
template <class T, std::size_t N>
auto array_of(const std::string& name) {
  static std::deque<tessera::SharedArray<T, N>> attached;  // as long as the program
  auto& array = attached.emplace_back(tessera::SharedArray<T, N>::attach(name));
  std::array<std::size_t, N> shape;
  std::copy(array.shape().begin(), array.shape().end(), shape.begin());
  return xt::adapt(array.data(), array.size(), xt::no_ownership(), shape);
}

/// The interior of an image, shifted.
template <class A>
auto shifted(A& image, std::size_t y, std::size_t x) {
  return xt::view(image, range(y, y + image.shape(0) - 2), range(x, x + image.shape(1) - 2));
}

bench::Jobs jobs_of(const bench::Arguments& with) {
  const auto at = [&](const char* name) { return with.prefix + "-" + name; };
  const auto line = [&](const char* name) { return array_of<float, 1>(at(name)); };
  const auto flat = [&](const char* name) { return array_of<float, 2>(at(name)); };
  const auto cube = [&](const char* name) { return array_of<float, 3>(at(name)); };
  auto x = cube("x"), y = cube("y"), gaps = cube("gaps"), field = cube("field"),
       steps = cube("steps"), zonal = cube("zonal"), series = cube("series"), finer = cube("finer");
  auto map = flat("map"), lat = flat("lat"), plate = flat("plate"), image = flat("image"),
       half = flat("half"), centres = flat("centres");
  auto table = line("table"), row_places = line("rows"), column_places = line("columns");
  auto red = array_of<std::uint16_t, 2>(at("red")), nir = array_of<std::uint16_t, 2>(at("nir"));
  auto packed = array_of<std::int16_t, 2>(at("packed")),
       packed_out = array_of<std::int16_t, 2>(at("packed_out"));
  auto cells = array_of<std::uint8_t, 2>(at("cells")),
       bytes = array_of<std::uint8_t, 2>(at("bytes")), r = array_of<std::uint8_t, 2>(at("r")),
       g = array_of<std::uint8_t, 2>(at("g")), b = array_of<std::uint8_t, 2>(at("b"));
  auto counts = array_of<double, 1>(at("counts"));
  const std::size_t side = with.sizes.side;

  const auto call = [](const auto& kernel, auto... arrays) { return [=] { kernel(arrays...); }; };
  const auto around = [](const auto& kernel, auto out, auto in) {
    return [=]() mutable {
      kernel(shifted(out, 1, 1), shifted(in, 0, 0), shifted(in, 0, 1), shifted(in, 0, 2),
             shifted(in, 1, 0), shifted(in, 1, 1), shifted(in, 1, 2), shifted(in, 2, 0),
             shifted(in, 2, 1), shifted(in, 2, 2));
    };
  };
  const auto each = [](const auto& function, auto out, auto... in) {
    return [=]() mutable { out = xt::vectorize(function)(in...); };
  };
  bench::Jobs jobs{
      {"mean", call(natural::mean, map, x)},
      {"deviation", call(natural::deviation, map, x)},
      {"anomaly", call(natural::anomaly, field, x)},
      {"standardized", call(natural::standardized, field, x)},
      {"monthly", call(natural::monthly, field, x)},
      {"climatology", call(natural::climatology, map, gaps)},
      {"median", call(natural::median, map, x)},
      {"percentile", call(natural::percentile, map, x)},
      {"correlation", call(natural::correlation, map, x, y)},
      {"cumulative", call(natural::cumulative, field, x)},
      {"threshold", call(natural::threshold, map, x)},
      {"running", call(natural::running, field, x)},
      {"select", call(natural::select, field, x, y)},
      {"trend", call(natural::trend, map, x, steps)},
      {"zonal", call(natural::zonal, zonal, x)},
      {"global_mean", call(natural::global_mean, series, x, lat)},
      {"smooth", around(natural::smooth, image, plate)},
      {"dilation", around(natural::dilation, image, plate)},
      {"life", around(natural::life, bytes, cells)},
      {"ndvi", each(natural::ndvi, image, nir, red)},
      {"ndvi_in_branch", each(natural::ndvi_in_branch, image, nir, red)},
      {"unpack", each(natural::unpack, image, packed)},
      {"unpack_in_branch", each(natural::unpack_in_branch, image, packed)},
      {"pack", each(natural::pack, packed_out, plate)},
      {"grey", each(natural::grey, bytes, r, g, b)},
      {"vpd", each(natural::vpd, field, x, y)},
      {"nearest", call(natural::nearest, bytes, r, g, b, centres)},
      {"lookup", call(natural::look_up, image, red, table)},
  };
  jobs["regrid"] = [=] { natural::regrid(finer, 0, x, row_places, column_places); };
  jobs["heat"] = [=]() mutable {
    natural::heat(shifted(image, 1, 1), shifted(plate, 1, 1), shifted(plate, 0, 1),
                  shifted(plate, 2, 1), shifted(plate, 1, 0), shifted(plate, 1, 2));
  };
  jobs["coarse"] = [=]() mutable {
    const auto every_second = [&](std::size_t i, std::size_t j) {
      return xt::view(plate, range(i, side, 2), range(j, side, 2));
    };
    natural::coarse(half, every_second(0, 0), every_second(0, 1), every_second(1, 0),
                    every_second(1, 1));
  };
  const auto five_by_five = [=](const auto& kernel) {
    return
        [=]() mutable { kernel(xt::view(image, range(2, side - 2), range(2, side - 2)), plate); };
  };
  jobs["convolution"] = five_by_five(natural::convolution);
  jobs["separable"] = five_by_five(natural::separable);
  jobs["histogram"] = [=]() mutable {
    counts.fill(0);
    for (const float v : plate) counts(static_cast<std::size_t>(v * 0.64f)) += 1;
  };
  jobs["mandelbrot"] = [=]() mutable {
    const double scale = static_cast<double>(side);
    for (std::size_t i = 0; i < side; ++i)
      for (std::size_t j = 0; j < side; ++j)
        image(i, j) = natural::mandelbrot(3.0 * static_cast<double>(j) / scale - 2.0,
                                          3.0 * static_cast<double>(i) / scale - 1.5);
  };
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments with(argc, argv);
  return bench::serve(jobs_of(with));
}
