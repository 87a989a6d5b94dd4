// The kernels of the second table as somebody writes them who knows OpenMP and the machine: loops
// over the same memory, floats summed in double where tessera does.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tessera/memory/segment.hpp>
#include <vector>

#include "fields.hpp"

namespace {

using Size = std::size_t;

struct Memory {
  std::map<std::string, std::shared_ptr<tessera::Segment>> segments;
  explicit Memory(const bench::Arguments& with) {
    bench::each_array(with.sizes, [&](const std::string& name, auto, const auto&) {
      segments[name] = tessera::Segment::attach(tessera::SegmentName(with.prefix + "-" + name),
                                                tessera::host::Access::read_write);
    });
  }
  template <class T = float>
  T* at(const std::string& name) const {
    return reinterpret_cast<T*>(segments.at(name)->data());
  }
};

/// block(first cell, cells) for blocks of cells, on all threads.
template <class Block>
void blocks(Size cells, Size width, const Block& block) {
#pragma omp parallel for schedule(static)
  for (Size first = 0; first < cells; first += width) block(first, std::min(width, cells - first));
}

/// Sums over time of f(t, cell), in double; finish(cell, sum).
template <class F, class Finish>
void sums(Size steps, Size cells, const F& f, const Finish& finish, Size from = 0, Size by = 1) {
  constexpr Size width = 8192;
  blocks(cells, width, [&](Size first, Size n) {
    alignas(64) static thread_local double sum[width];
    std::fill_n(sum, n, 0.0);
    for (Size t = from; t < steps; t += by)
#pragma omp simd
      for (Size k = 0; k < n; ++k) sum[k] += f(t, first + k);
    for (Size k = 0; k < n; ++k) finish(first + k, sum[k]);
  });
}

/// The sum of n elements, in partial sums that need not wait for one another.
double row_sum(const float* row, Size n) {
  constexpr Size lanes = 16;
  double sums[lanes] = {};
  Size k = 0;
  for (; k + lanes <= n; k += lanes)
#pragma omp simd
    for (Size lane = 0; lane < lanes; ++lane) sums[lane] += row[k + lane];
  for (Size lane = 0; k < n; ++k, ++lane) sums[lane] += row[k];
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

/// inner(y, x) for all elements of an image but its border.
template <class Inner>
void interior(Size side, const Inner& inner) {
#pragma omp parallel for schedule(static)
  for (Size y = 1; y < side - 1; ++y)
#pragma omp simd
    for (Size x = 1; x < side - 1; ++x) inner(y * side + x);
}

/// f(k) for k < n.
template <class F>
void each(Size n, const F& f) {
#pragma omp parallel for simd schedule(static)
  for (Size k = 0; k < n; ++k) f(k);
}

/// Selection over time in groups of 16 cells: select(values of one cell) is its result.
template <class Select>
void selected(Size steps, Size cells, const float* x, float* out, const Select& select) {
#pragma omp parallel
  {
    std::vector<float> values(16 * steps);
#pragma omp for schedule(static)
    for (Size first = 0; first < cells; first += 16) {
      const Size n = std::min<Size>(16, cells - first);
      for (Size t = 0; t < steps; ++t)
        for (Size k = 0; k < n; ++k) values[k * steps + t] = x[t * cells + first + k];
      for (Size k = 0; k < n; ++k) out[first + k] = select(values.data() + k * steps);
    }
  }
}

bench::Jobs jobs_of(const Memory& memory, const bench::Sizes& z) {
  const Size T = z.steps, P = z.rows * z.columns, X = z.columns, Y = z.rows, S = z.side;
  const Size n = T * P, q = S * S;
  const float *x = memory.at("x"), *y = memory.at("y"), *gaps = memory.at("gaps"),
              *steps = memory.at("steps"), *lat = memory.at("lat"), *plate = memory.at("plate"),
              *table = memory.at("table"), *row_places = memory.at("rows"),
              *column_places = memory.at("columns"), *centres = memory.at("centres");
  float *map = memory.at("map"), *field = memory.at("field"), *zonal = memory.at("zonal"),
        *series = memory.at("series"), *finer = memory.at("finer"), *image = memory.at("image"),
        *half = memory.at("half");
  const auto *red = memory.at<std::uint16_t>("red"), *nir = memory.at<std::uint16_t>("nir");
  const auto* packed = memory.at<std::int16_t>("packed");
  auto* packed_out = memory.at<std::int16_t>("packed_out");
  const auto *r = memory.at<std::uint8_t>("r"), *g = memory.at<std::uint8_t>("g"),
             *b = memory.at<std::uint8_t>("b"), *cells = memory.at<std::uint8_t>("cells");
  auto* bytes = memory.at<std::uint8_t>("bytes");
  double* counts = memory.at<double>("counts");
  const double years = static_cast<double>(T);
  const auto value = [=](Size t, Size k) { return static_cast<double>(x[t * P + k]); };

  // The mean and the standard deviation of each of m cells.
  const auto moments = [=](Size first, Size m, double* mean, double* deviation) {
    for (Size t = 0; t < T; ++t)
#pragma omp simd
      for (Size k = 0; k < m; ++k) mean[k] += x[t * P + first + k];
    for (Size k = 0; k < m; ++k) mean[k] /= years;
    if (deviation == nullptr) return;
    for (Size t = 0; t < T; ++t)
#pragma omp simd
      for (Size k = 0; k < m; ++k) {
        const double d = x[t * P + first + k] - mean[k];
        deviation[k] += d * d;
      }
    for (Size k = 0; k < m; ++k) deviation[k] = std::sqrt(deviation[k] / years);
  };
  constexpr Size width = 1024;
  bench::Jobs jobs;
  jobs["mean"] = [=] {
    sums(T, P, value, [=](Size k, double s) { map[k] = static_cast<float>(s / years); });
  };
  jobs["deviation"] = [=] {
    blocks(P, width, [&](Size first, Size m) {
      double mean[width] = {}, deviation[width] = {};
      moments(first, m, mean, deviation);
      for (Size k = 0; k < m; ++k) map[first + k] = static_cast<float>(deviation[k]);
    });
  };
  jobs["anomaly"] = [=] {
    blocks(P, width, [&](Size first, Size m) {
      double mean[width] = {};
      moments(first, m, mean, nullptr);
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k)
          field[t * P + first + k] = static_cast<float>(x[t * P + first + k] - mean[k]);
    });
  };
  jobs["standardized"] = [=] {
    blocks(P, width, [&](Size first, Size m) {
      double mean[width] = {}, deviation[width] = {};
      moments(first, m, mean, deviation);
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k)
          field[t * P + first + k] =
              static_cast<float>((x[t * P + first + k] - mean[k]) / deviation[k]);
    });
  };
  jobs["monthly"] = [=] {
    blocks(P, width, [&](Size first, Size m) {
      for (Size month = 0; month < 12; ++month) {
        double mean[width] = {};
        Size count = 0;
        for (Size t = month; t < T; t += 12, ++count)
#pragma omp simd
          for (Size k = 0; k < m; ++k) mean[k] += x[t * P + first + k];
        for (Size k = 0; k < m; ++k) mean[k] /= static_cast<double>(count);
        for (Size t = month; t < T; t += 12)
#pragma omp simd
          for (Size k = 0; k < m; ++k)
            field[t * P + first + k] = static_cast<float>(x[t * P + first + k] - mean[k]);
      }
    });
  };
  jobs["climatology"] = [=] {
    constexpr Size wide = 4096;
    blocks(P, wide, [&](Size first, Size m) {
      double sum[wide] = {}, count[wide] = {};
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k) {
          // By masks of bits: gcc does not vectorise the comparison beside the conversion.
          const auto bits = std::bit_cast<std::int32_t>(gaps[t * P + first + k]);
          const std::int32_t is_number = (bits & 0x7fffffff) <= 0x7f800000 ? -1 : 0;
          sum[k] += std::bit_cast<float>(bits & is_number);
          count[k] += std::bit_cast<float>(0x3f800000 & is_number);
        }
      for (Size k = 0; k < m; ++k) map[first + k] = static_cast<float>(sum[k] / count[k]);
    });
  };
  jobs["trend"] = [=] {
    sums(
        T, P, [=](Size t, Size k) { return static_cast<double>(steps[t] * x[t * P + k]); },
        [=](Size k, double s) { map[k] = static_cast<float>(s) / static_cast<float>(T); });
  };
  jobs["median"] = [=] {
    selected(T, P, x, map, [T](float* v) {
      std::nth_element(v, v + T / 2, v + T);
      return T % 2 == 1 ? v[T / 2] : (v[T / 2] + *std::max_element(v, v + T / 2)) / 2;
    });
  };
  jobs["percentile"] = [=] {
    selected(T, P, x, map, [T](float* v) {
      std::nth_element(v, v + T * 9 / 10, v + T);
      return v[T * 9 / 10];
    });
  };
  jobs["zonal"] = [=] {
#pragma omp parallel for schedule(static)
    for (Size row = 0; row < T * Y; ++row) {
      zonal[row] = static_cast<float>(row_sum(x + row * X, X) / static_cast<double>(X));
    }
  };
  jobs["global_mean"] = [=] {
    double weights = 0;
    for (Size j = 0; j < Y; ++j) weights += lat[j];
#pragma omp parallel for schedule(static)
    for (Size t = 0; t < T; ++t) {
      double sum = 0;
      for (Size j = 0; j < Y; ++j) {
        sum += row_sum(x + (t * Y + j) * X, X) * lat[j];
      }
      series[t] = static_cast<float>(sum / (weights * static_cast<double>(X)));
    }
  };
  jobs["correlation"] = [=] {
    blocks(P, width, [&](Size first, Size m) {
      double mx[width] = {}, my[width] = {}, xy[width] = {}, xx[width] = {}, yy[width] = {};
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k) {
          mx[k] += x[t * P + first + k];
          my[k] += y[t * P + first + k];
        }
      for (Size k = 0; k < m; ++k) {
        mx[k] /= years;
        my[k] /= years;
      }
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k) {
          const double u = x[t * P + first + k] - mx[k], v = y[t * P + first + k] - my[k];
          xy[k] += u * v;
          xx[k] += u * u;
          yy[k] += v * v;
        }
      for (Size k = 0; k < m; ++k)
        map[first + k] = static_cast<float>(xy[k] / std::sqrt(xx[k] * yy[k]));
    });
  };
  jobs["cumulative"] = [=] {
    constexpr Size wide = 4096;
    blocks(P, wide, [&](Size first, Size m) {
      double sum[wide] = {};
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k)
          field[t * P + first + k] = static_cast<float>(sum[k] += x[t * P + first + k]);
    });
  };
  jobs["threshold"] = [=] {
    constexpr Size wide = 8192;
    blocks(P, wide, [&](Size first, Size m) {
      int count[wide] = {};
      for (Size t = 0; t < T; ++t)
#pragma omp simd
        for (Size k = 0; k < m; ++k) count[k] += x[t * P + first + k] > 20.f;
      for (Size k = 0; k < m; ++k) map[first + k] = static_cast<float>(count[k]);
    });
  };
  jobs["running"] = [=] {
#pragma omp parallel for schedule(static)
    for (Size t = 0; t < T; ++t) {
      const float* const c = x + t * P;
      float* const to = field + t * P;
      if (t == 0 || t == T - 1) {
        std::copy_n(c, P, to);
        continue;
      }
#pragma omp simd
      for (Size k = 0; k < P; ++k) to[k] = (c[k - P] + c[k] + c[k + P]) / 3.f;
    }
  };
  jobs["select"] = [=] {
    each(n, [=](Size k) {
      const auto mask = x[k] > 10.f ? ~std::uint32_t{0} : std::uint32_t{0};
      const auto twice = std::bit_cast<std::uint32_t>(x[k] * 2.f);
      field[k] =
          std::bit_cast<float>((twice & mask) | (std::bit_cast<std::uint32_t>(y[k]) & ~mask));
    });
  };
  jobs["vpd"] = [=] {
    each(n, [=](Size k) {
      field[k] = 0.6108f * std::exp(17.27f * x[k] / (x[k] + 237.3f)) * (1.f - y[k] / 100.f);
    });
  };
  jobs["smooth"] = [=] {
    interior(S, [=](Size k) {
      image[k] = (plate[k - S - 1] + plate[k - S] + plate[k - S + 1] + plate[k - 1] + plate[k] +
                  plate[k + 1] + plate[k + S - 1] + plate[k + S] + plate[k + S + 1]) /
                 9.f;
    });
  };
  const auto five = [](const float* c, Size by) {
    return (c[0] + 4.f * c[by] + 6.f * c[2 * by] + 4.f * c[3 * by] + c[4 * by]) / 16.f;
  };
  jobs["convolution"] = [=] {
#pragma omp parallel for schedule(static)
    for (Size line = 2; line < S - 2; ++line)
#pragma omp simd
      for (Size k = 2; k < S - 2; ++k) {
        const float* c = plate + (line - 2) * S + k - 2;
        image[line * S + k] = (five(c, 1) + 4.f * five(c + S, 1) + 6.f * five(c + 2 * S, 1) +
                               4.f * five(c + 3 * S, 1) + five(c + 4 * S, 1)) /
                              16.f;
      }
  };
  jobs["separable"] = [=] {
    // Along the rows and down the columns, a few rows at a time, so that they stay in the cache.
    constexpr Size band = 64;
#pragma omp parallel
    {
      std::vector<float> rows((band + 4) * S);
#pragma omp for schedule(static)
      for (Size first = 2; first < S - 2; first += band) {
        const Size m = std::min(band, S - 2 - first);
        for (Size line = 0; line < m + 4; ++line)
#pragma omp simd
          for (Size k = 2; k < S - 2; ++k)
            rows[line * S + k] = five(plate + (first + line - 2) * S + k - 2, 1);
        for (Size line = 0; line < m; ++line)
#pragma omp simd
          for (Size k = 2; k < S - 2; ++k)
            image[(first + line) * S + k] = five(rows.data() + line * S + k, S);
      }
    }
  };
  jobs["regrid"] = [=] {
    const Size J = Y * 5 / 4, I = X * 5 / 4;
#pragma omp parallel for collapse(2) schedule(static)
    for (Size t = 0; t < T; ++t)
      for (Size j = 0; j < J; ++j) {
        const auto top = static_cast<Size>(row_places[j]);
        const float below = row_places[j] - static_cast<float>(top);
        const float *const upper = x + (t * Y + top) * X, *const lower = upper + X;
        float* const to = finer + (t * J + j) * I;
#pragma omp simd
        for (Size i = 0; i < I; ++i) {
          const auto k = static_cast<int>(column_places[i]);
          const float right = column_places[i] - static_cast<float>(k);
          to[i] = (1.f - below) * ((1.f - right) * upper[k] + right * upper[k + 1]) +
                  below * ((1.f - right) * lower[k] + right * lower[k + 1]);
        }
      }
  };
  jobs["nearest"] = [=] {
    each(q, [=](Size k) {
      float least = std::numeric_limits<float>::max();
      int best = 0;
      for (int c = 0; c < 8; ++c) {
        const float dr = static_cast<float>(r[k]) - centres[3 * c],
                    dg = static_cast<float>(g[k]) - centres[3 * c + 1],
                    db = static_cast<float>(b[k]) - centres[3 * c + 2];
        const float distance = dr * dr + dg * dg + db * db;
        best = distance < least ? c : best;
        least = distance < least ? distance : least;
      }
      bytes[k] = static_cast<std::uint8_t>(best);
    });
  };
  jobs["dilation"] = [=] {
    interior(S, [=](Size k) {
      const auto most = [](float u, float v) { return u > v ? u : v; };
      const auto row = [=](Size c) { return most(most(plate[c - 1], plate[c]), plate[c + 1]); };
      image[k] = most(most(row(k - S), row(k)), row(k + S));
    });
  };
  jobs["heat"] = [=] {
    interior(S, [=](Size k) {
      image[k] = plate[k] + 0.2f * (plate[k - S] + plate[k + S] + plate[k - 1] + plate[k + 1] -
                                    4.f * plate[k]);
    });
  };
  jobs["life"] = [=] {
    interior(S, [=](Size k) {
      const auto around = static_cast<std::uint8_t>(
          cells[k - S - 1] + cells[k - S] + cells[k - S + 1] + cells[k - 1] + cells[k + 1] +
          cells[k + S - 1] + cells[k + S] + cells[k + S + 1]);
      bytes[k] = static_cast<std::uint8_t>((around == 3) | ((around == 2) & cells[k]));
    });
  };
  jobs["coarse"] = [=] {
    const Size h = S / 2;
#pragma omp parallel for schedule(static)
    for (Size i = 0; i < h; ++i)
#pragma omp simd
      for (Size j = 0; j < h; ++j) {
        const float* const c = plate + 2 * i * S + 2 * j;
        half[i * h + j] = (c[0] + c[1] + c[S] + c[S + 1]) / 4.f;
      }
  };
  jobs["ndvi"] = [=] {
    each(q, [=](Size k) {
      const int sum = nir[k] + red[k];
      const auto quotient = static_cast<float>(nir[k] - red[k]) / static_cast<float>(sum);
      image[k] = sum == 0 ? 0.f : quotient;
    });
  };
  jobs["unpack"] = [=] {
    each(q, [=](Size k) {
      const float v = static_cast<float>(packed[k]) * 0.01f + 273.15f;
      image[k] = packed[k] == -32768 ? std::numeric_limits<float>::quiet_NaN() : v;
    });
  };
  jobs["pack"] = [=] {
    each(q, [=](Size k) {
      const float v = std::nearbyint((plate[k] - 273.15f) * 100.f);
      packed_out[k] = v != v ? std::int16_t{-32768}
                             : static_cast<std::int16_t>(std::clamp(v, -32768.f, 32767.f));
    });
  };
  jobs["grey"] = [=] {
    each(q, [=](Size k) {
      bytes[k] = static_cast<std::uint8_t>((77 * r[k] + 150 * g[k] + 29 * b[k]) >> 8);
    });
  };
  jobs["lookup"] = [=] { each(q, [=](Size k) { image[k] = table[red[k] & 4095]; }); };
  jobs["histogram"] = [=] {
    double bins[64] = {};
#pragma omp parallel for schedule(static) reduction(+ : bins[ : 64])
    for (Size k = 0; k < q; ++k) bins[static_cast<Size>(plate[k] * 0.64f)] += 1;
    std::copy_n(bins, 64, counts);
  };
  jobs["mandelbrot"] = [=] {
#pragma omp parallel for schedule(dynamic, 8)
    for (Size i = 0; i < S; ++i)
      for (Size j = 0; j < S; ++j) {
        const double side = static_cast<double>(S), cx = 3.0 * static_cast<double>(j) / side - 2.0,
                     cy = 3.0 * static_cast<double>(i) / side - 1.5;
        double u = 0, v = 0;
        int k = 0;
        for (; k < 50 && u * u + v * v <= 4; ++k) {
          const double next = u * u - v * v + cx;
          v = 2 * u * v + cy;
          u = next;
        }
        image[i * S + j] = static_cast<float>(k);
      }
  };
  jobs["ndvi_in_branch"] = jobs["ndvi"];
  jobs["unpack_in_branch"] = jobs["unpack"];
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments with(argc, argv);
  const Memory memory(with);
  return bench::serve(jobs_of(memory, with.sizes));
}
