// The kernels of the second table on a pool's tiles. Makes the arrays that all programs work on,
// and fills the inputs.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <tessera.hpp>
#include <type_traits>
#include <vector>

#include "fields.hpp"
#include "natural.hpp"

namespace {

using namespace tessera;
namespace natural = bench::natural;
using xt::range;

/// The arrays, by name.
struct Arrays {
  std::map<std::string, SharedArray<float, 1>> line;
  std::map<std::string, SharedArray<float, 2>> flat;
  std::map<std::string, SharedArray<float, 3>> cube;
  std::map<std::string, SharedArray<std::uint16_t, 2>> words;
  std::map<std::string, SharedArray<std::int16_t, 2>> packed;
  std::map<std::string, SharedArray<std::uint8_t, 2>> bytes;
  std::map<std::string, SharedArray<double, 1>> counts;

  explicit Arrays(const bench::Arguments& with) {
    bench::each_array(with.sizes, [&](const std::string& name, auto tag,
                                      const std::vector<std::size_t>& extents) {
      using T = decltype(tag);
      const auto add = [&]<std::size_t N>(std::map<std::string, SharedArray<T, N>>& to) {
        std::array<std::size_t, N> shape;
        std::copy_n(extents.begin(), N, shape.begin());
        to.emplace(name, SharedArray<T, N>::create(with.prefix + "-" + name, shape));
      };
      const auto rank = extents.size();
      if constexpr (std::is_same_v<T, float>)
        rank == 1 ? add(line) : rank == 2 ? add(flat) : add(cube);
      else if constexpr (std::is_same_v<T, std::uint8_t>)
        add(bytes);
      else if constexpr (std::is_same_v<T, std::uint16_t>)
        add(words);
      else if constexpr (std::is_same_v<T, std::int16_t>)
        add(packed);
      else
        add(counts);
    });
    fill();
  }

 private:
  void fill() {
    std::mt19937 random(1);
    const auto fill_with = [&](auto& array, auto value) {
      for (auto& element : array) element = static_cast<std::decay_t<decltype(element)>>(value());
    };
    const auto real = [&](float from, float to) {
      return [&random, from, to] {
        return from + (to - from) * static_cast<float>(random() >> 8) * 0x1p-24f;
      };
    };
    fill_with(cube.at("x"), real(-10, 35));
    fill_with(cube.at("y"), real(1, 90));
    std::copy(cube.at("x").begin(), cube.at("x").end(), cube.at("gaps").begin());
    for (auto& v : cube.at("gaps"))
      if (random() % 5 == 0) v = std::numeric_limits<float>::quiet_NaN();
    std::size_t k = 0;
    for (auto& t : cube.at("steps")) t = static_cast<float>(k++);
    k = 0;
    auto& lat = flat.at("lat");
    for (auto& w : lat)
      w = std::cos((static_cast<float>(k++) / static_cast<float>(lat.size()) - 0.5f) * 3.1f);
    fill_with(flat.at("plate"), real(0, 100));
    fill_with(words.at("red"), [&] { return random() % 4000; });
    fill_with(words.at("nir"), [&] { return random() % 5000; });
    fill_with(packed.at("packed"), [&] { return random() % 97 == 0 ? -32768 : random() % 2000; });
    for (const char* name : {"r", "g", "b"})
      fill_with(bytes.at(name), [&] { return random() % 256; });
    fill_with(bytes.at("cells"), [&] { return random() % 3 == 0; });
    fill_with(line.at("table"), real(0, 1));
    fill_with(flat.at("centres"), real(0, 255));
    // Where the finer grid's rows and columns lie in the field's.
    const auto places = [](auto& to, std::size_t from) {
      const float step = static_cast<float>(from - 1) / static_cast<float>(to.size());
      for (std::size_t j = 0; j < to.size(); ++j) to(j) = step * static_cast<float>(j);
    };
    places(line.at("rows"), cube.at("x").shape(1));
    places(line.at("columns"), cube.at("x").shape(2));
  }
};

/// The interior of an image, shifted.
template <class A>
auto shifted(A& image, std::size_t y, std::size_t x) {
  return xt::view(image, range(y, y + image.shape(0) - 2), range(x, x + image.shape(1) - 2));
}

bench::Jobs jobs_of(TiledPool& pool, Arrays& a, const bench::Sizes& z) {
  auto &x = a.cube.at("x"), &y = a.cube.at("y"), &gaps = a.cube.at("gaps"),
       &field = a.cube.at("field"), &steps = a.cube.at("steps"), &zonal = a.cube.at("zonal"),
       &series = a.cube.at("series"), &finer = a.cube.at("finer");
  auto &map = a.flat.at("map"), &lat = a.flat.at("lat"), &plate = a.flat.at("plate"),
       &image = a.flat.at("image"), &half = a.flat.at("half"), &centres = a.flat.at("centres");
  auto &red = a.words.at("red"), &nir = a.words.at("nir");
  auto &packed = a.packed.at("packed"), &packed_out = a.packed.at("packed_out");
  auto &cells = a.bytes.at("cells"), &bytes = a.bytes.at("bytes"), &r = a.bytes.at("r"),
       &g = a.bytes.at("g"), &b = a.bytes.at("b");
  auto &table = a.line.at("table"), &row_places = a.line.at("rows"),
       &column_places = a.line.at("columns");
  auto& counts = a.counts.at("counts");
  const std::size_t rows = std::max<std::size_t>(z.rows / 32, 4);   // of a tile of a field
  const std::size_t band = std::max<std::size_t>(z.side / 64, 16);  // rows of a tile of an image
  const auto over_time = [&pool, rows](const auto& kernel, auto& out, auto&... in) {
    return [&pool, rows, kernel, &out, &in...] {
      pool.map({rows, full}, kernel, into(out), in...);
    };
  };
  const auto around = [&pool, band](const auto& kernel, auto& out, auto& in) {
    return [&pool, band, kernel, &out, &in] {
      pool.map({band, full}, kernel, into(shifted(out, 1, 1)), shifted(in, 0, 0), shifted(in, 0, 1),
               shifted(in, 0, 2), shifted(in, 1, 0), shifted(in, 1, 1), shifted(in, 1, 2),
               shifted(in, 2, 0), shifted(in, 2, 1), shifted(in, 2, 2));
    };
  };
  const auto each = [&pool](const auto& function, auto& out, auto&... in) {
    return [&pool, function, &out, &in...] { pool.transform(out, function, in...); };
  };
  bench::Jobs jobs{
      {"mean", over_time(natural::mean, map, x)},
      {"deviation", over_time(natural::deviation, map, x)},
      {"anomaly", over_time(natural::anomaly, field, x)},
      {"standardized", over_time(natural::standardized, field, x)},
      {"monthly", over_time(natural::monthly, field, x)},
      {"climatology", over_time(natural::climatology, map, gaps)},
      {"median", over_time(natural::median, map, x)},
      {"percentile", over_time(natural::percentile, map, x)},
      {"correlation", over_time(natural::correlation, map, x, y)},
      {"cumulative", over_time(natural::cumulative, field, x)},
      {"threshold", over_time(natural::threshold, map, x)},
      {"running", over_time(natural::running, field, x)},
      {"select", over_time(natural::select, field, x, y)},
      {"trend", over_time(natural::trend, map, x, steps)},
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
  };
  jobs["zonal"] = [&] { pool.map({4, full, full}, natural::zonal, into(zonal), x); };
  jobs["global_mean"] = [&] {
    pool.map({4, full, full}, natural::global_mean, into(series), x, whole(lat));
  };
  jobs["heat"] = [&, band] {
    pool.map({band, full}, natural::heat, into(shifted(image, 1, 1)), shifted(plate, 1, 1),
             shifted(plate, 0, 1), shifted(plate, 2, 1), shifted(plate, 1, 0),
             shifted(plate, 1, 2));
  };
  jobs["coarse"] = [&, band] {
    const auto every_second = [&](std::size_t i, std::size_t j) {
      return xt::view(plate, range(i, z.side, 2), range(j, z.side, 2));
    };
    pool.map({band, full}, natural::coarse, into(half), every_second(0, 0), every_second(0, 1),
             every_second(1, 0), every_second(1, 1));
  };
  const auto five_by_five = [&](const auto& kernel) {
    return [&, kernel] {
      const std::size_t end = z.side - 2;
      pool.map(
          {64, full},
          [kernel](const Tile<2>& tile, auto to, auto from) {
            kernel(to, xt::view(from, range(tile.lo(0), tile.hi(0) + 4)));
          },
          into(xt::view(image, range(2, end), range(2, end))), whole(plate));
    };
  };
  jobs["convolution"] = five_by_five(natural::convolution);
  jobs["separable"] = five_by_five(natural::separable);
  jobs["regrid"] = [&] {
    pool.map(
        {4, full, full},
        [](const Tile<3>& tile, auto to, auto from, auto ys, auto xs) {
          natural::regrid(to, tile.lo(0), from, ys, xs);
        },
        into(finer), whole(x), whole(row_places), whole(column_places));
  };
  jobs["nearest"] = [&, band] {
    pool.map({band, full}, natural::nearest, into(bytes), r, g, b, whole(centres));
  };
  jobs["lookup"] = [&, band] {
    pool.map({band, full}, natural::look_up, into(image), red, whole(table));
  };
  jobs["histogram"] = [&, band] {
    using Bins = std::array<double, 64>;
    const auto parts = pool.map(
        {band, full},
        [](auto p) {
          Bins bins{};
          for (const float v : p) bins[static_cast<std::size_t>(v * 0.64f)] += 1;
          return bins;
        },
        plate);
    std::fill(counts.begin(), counts.end(), 0.0);
    for (const auto& part : parts)
      for (std::size_t k = 0; k < part.size(); ++k) counts(k) += part[k];
  };
  jobs["mandelbrot"] = [&] {
    pool.transform(image, [side = static_cast<double>(z.side)](auto at) {
      return natural::mandelbrot(3.0 * static_cast<double>(at[1]) / side - 2.0,
                                 3.0 * static_cast<double>(at[0]) / side - 1.5);
    });
  };
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments with(argc, argv);
  TiledPool pool(with.workers);
  Arrays arrays(with);
  return bench::serve(jobs_of(pool, arrays, with.sizes));
}
