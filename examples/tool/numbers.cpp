// show, stat, diff: the numbers in an array.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tessera.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "target.hpp"
#include "words.hpp"

namespace tool {

namespace {

using namespace tessera;

constexpr std::array percents{5, 25, 50, 75, 95};

/// Of some numbers: how many, and their moments; NaN are counted apart.
struct Moments {
  std::uint64_t count = 0, nans = 0;
  double least = std::numeric_limits<double>::infinity(), most = -least;
  double mean = 0, squares = 0;  // sum of squared distances from the mean

  void add(double value) {
    if (std::isnan(value)) {
      ++nans;
      return;
    }
    ++count;
    least = std::min(least, value);
    most = std::max(most, value);
    const double distance = value - mean;  // Welford (1962)
    mean += distance / static_cast<double>(count);
    squares += distance * (value - mean);
  }
  void add(const Moments& other) {  // Chan, Golub, LeVeque (1979)
    nans += other.nans;
    if (other.count == 0) return;
    const auto both = static_cast<double>(count + other.count);
    const double distance = other.mean - mean;
    squares += other.squares + distance * distance * static_cast<double>(count) *
                                   static_cast<double>(other.count) / both;
    mean += distance * static_cast<double>(other.count) / both;
    count += other.count;
    least = std::min(least, other.least);
    most = std::max(most, other.most);
  }
  double deviation() const { return std::sqrt(squares / static_cast<double>(count)); }
};

/// The numbers of one array as one long row, in memory that workers can attach.
template <class T>
using Row = Section<const T, 1, Use::read>;

constexpr std::size_t chunk = std::size_t{1} << 18;  // numbers in one tile

template <class T>
bool is_nan([[maybe_unused]] T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value);
  else
    return false;
}

/// A number as an unsigned one of as many bits, in the same order.
template <class T>
using Ordered = std::conditional_t<
    sizeof(T) == 8, std::uint64_t,
    std::conditional_t<sizeof(T) == 4, std::uint32_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;
template <class T>
constexpr auto top_bit = static_cast<Ordered<T>>(Ordered<T>{1} << (8 * sizeof(T) - 1));

template <class T>
Ordered<T> in_order(T value) {
  const auto bits = std::bit_cast<Ordered<T>>(value);
  if constexpr (std::is_unsigned_v<T>)
    return bits;
  else if constexpr (std::is_floating_point_v<T>)
    return (bits & top_bit<T>) != 0 ? static_cast<Ordered<T>>(~bits) : bits | top_bit<T>;
  else
    return bits ^ top_bit<T>;
}
template <class T>
T out_of_order(Ordered<T> ordered) {
  if constexpr (std::is_unsigned_v<T>)
    return ordered;
  else if constexpr (std::is_floating_point_v<T>)
    return std::bit_cast<T>((ordered & top_bit<T>) != 0 ? ordered ^ top_bit<T>
                                                        : static_cast<Ordered<T>>(~ordered));
  else
    return std::bit_cast<T>(static_cast<Ordered<T>>(ordered ^ top_bit<T>));
}

/// The numbers of which two stand next to each percentile.
using Places = std::array<std::uint64_t, 2 * percents.size()>;

/// The numbers at these places of all that are no NaN, in ascending order: all of them digit by
/// digit, each digit with one pass over the data (a radix selection).
template <class T>
std::array<double, 2 * percents.size()> numbers_at(TiledPool& pool, const Row<T>& row,
                                                   Places places) {
  constexpr int digit = 10, bits = 8 * sizeof(T);
  constexpr std::size_t bins = std::size_t{1} << digit;
  struct Prefixes {  // the distinct ones of the numbers that are searched
    std::array<std::uint64_t, 2 * percents.size()> prefix{};
    std::size_t count = 0;
    std::size_t find(std::uint64_t wanted) const {
      std::size_t i = 0;
      while (i < count && prefix[i] != wanted) ++i;
      return i;
    }
  };
  using Counts = std::array<std::array<std::uint32_t, bins>, 2 * percents.size()>;
  std::array<std::uint64_t, 2 * percents.size()> found{};
  for (int left = bits; left > 0;) {
    const int width = std::min(digit, left), shift = left - width;
    Prefixes prefixes;
    for (const auto prefix : found)
      if (prefixes.find(prefix) == prefixes.count) prefixes.prefix[prefixes.count++] = prefix;
    const auto tiles = pool.map(
        {chunk},
        [prefixes, left, shift, width](auto numbers) {
          Counts counts{};
          for (const T value : numbers) {
            if (is_nan(value)) continue;
            const std::uint64_t ordered = in_order<T>(value);
            const auto at = prefixes.find(left < 64 ? ordered >> left : 0);
            if (at < prefixes.count) ++counts[at][ordered >> shift & ((1u << width) - 1)];
          }
          return counts;
        },
        row);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto mine = prefixes.find(found[i]);
      std::uint64_t at = 0;
      for (; at + 1 < (1u << width); ++at) {
        std::uint64_t count = 0;
        for (const auto& counts : tiles) count += counts[mine][at];
        if (places[i] < count) break;
        places[i] -= count;
      }
      found[i] = found[i] << width | at;
    }
    left = shift;
  }
  std::array<double, 2 * percents.size()> out{};
  for (std::size_t i = 0; i < found.size(); ++i)
    out[i] = static_cast<double>(out_of_order<T>(static_cast<Ordered<T>>(found[i])));
  return out;
}

struct Statistics {
  Moments moments;
  std::array<double, percents.size()> percentiles{};
};

template <class T>
Statistics statistics(TiledPool& pool, const Row<T>& row) {
  Statistics out;
  const auto tiles = pool.map(
      {chunk},
      [](auto numbers) {
        Moments moments;
        for (const T value : numbers) moments.add(static_cast<double>(value));
        return moments;
      },
      row);
  for (const auto& tile : tiles) out.moments.add(tile);
  if (out.moments.count == 0) return out;
  // As numpy.percentile: between the two numbers that are next to the place.
  Places places;
  std::array<double, percents.size()> parts{};
  for (std::size_t p = 0; p < percents.size(); ++p) {
    const double place = static_cast<double>(out.moments.count - 1) * percents[p] / 100.0;
    places[2 * p] = static_cast<std::uint64_t>(place);
    places[2 * p + 1] = std::min(places[2 * p] + 1, out.moments.count - 1);
    parts[p] = place - static_cast<double>(places[2 * p]);
  }
  const auto found = numbers_at<T>(pool, row, places);
  for (std::size_t p = 0; p < percents.size(); ++p) {
    const double low = found[2 * p], high = found[2 * p + 1];
    out.percentiles[p] = parts[p] == 0 || low == high ? low : low + parts[p] * (high - low);
  }
  return out;
}

/// Of numbers that were copied: of slices, fields and other byte orders.
Statistics statistics(const std::vector<double>& values) {
  auto copy = SharedArray<double, 1>::create({values.size()});
  std::ranges::copy(values, copy.data());
  auto pool = TiledPool::in_caller();
  return statistics<double>(pool, {.segment = detail::section_of<Use::read>(copy).segment,
                                   .data = copy.data(),
                                   .shape = {values.size()},
                                   .strides = {1}});
}

/// Of a whole array where it lies, by worker processes if it is large.
std::optional<Statistics> in_place(const AnyArray& array) {
  constexpr std::size_t large = std::size_t{1} << 24;  // elements
  std::optional<Statistics> out;
  if (array.dtype().swapped || array.size() == 0) return out;
  using Types = Elements<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                         std::uint16_t, std::uint32_t, std::uint64_t, float, double>;
  static_cast<void>(visit_dtype<Types>(array.dtype(), [&]<class T>() {
    auto pool = array.size() < large ? TiledPool::in_caller() : TiledPool();
    const auto segment = Segment::map_file(array.path(), host::Access::read_only);
    out = statistics<T>(pool, {.segment = segment,
                               .data = reinterpret_cast<const T*>(segment->data()),
                               .shape = {array.size()},
                               .strides = {1}});
  }));
  return out;
}

std::vector<std::string> in_row(const Statistics& its) {
  std::vector<std::string> out;
  const auto& moments = its.moments;
  const auto add = [&](double value) {
    out.push_back(moments.count == 0 ? "-" : number(value, 5));
  };
  add(moments.least);
  for (const double value : its.percentiles) add(value);
  add(moments.most);
  add(moments.mean);
  add(moments.deviation());
  out.push_back(std::to_string(moments.nans));
  return out;
}

std::string in_json(const std::string& name, const Statistics& its) {
  const auto& moments = its.moments;
  const auto value = [&](double x) {
    return moments.count > 0 && std::isfinite(x) ? number(x, 17) : "null";
  };
  std::string out =
      "{\"name\": " + json_string(name) + ", \"count\": " + std::to_string(moments.count) +
      ", \"nan\": " + std::to_string(moments.nans) + ", \"min\": " + value(moments.least) +
      ", \"max\": " + value(moments.most) + ", \"mean\": " + value(moments.mean) +
      ", \"std\": " + value(moments.deviation()) + ", \"percentiles\": {";
  for (std::size_t p = 0; p < percents.size(); ++p)
    out +=
        (p > 0 ? ", \"" : "\"") + std::to_string(percents[p]) + "\": " + value(its.percentiles[p]);
  return out + "}}";
}

/// The fields that are numbers: of structs each, of complex numbers both parts.
std::vector<std::string> fields_of(const Dtype& dtype) {
  if (dtype.kind == 'c') return {"real", "imag"};
  std::vector<std::string> out;
  for (const auto& field : dtype.fields)
    if (field.shape.empty() && field.type.kind != 'V' && field.type.kind != 'c')
      out.push_back(field.name);
  return out;
}

struct Difference {
  std::size_t count = 0, first = 0, largest_at = 0;
  std::size_t one_nan = 0;   // NaN in one of the two arrays only
  std::uint64_t places = 0;  // last places of floats; the difference of integers
  double largest = 0;
};

/// Element by element. NaN equals NaN.
template <class T>
Difference compare(std::span<const T> a, std::span<const T> b) {
  Difference out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool a_nan = is_nan(a[i]), b_nan = is_nan(b[i]);
    if (a[i] == b[i] || (a_nan && b_nan)) continue;
    if (out.count++ == 0) out.first = i;
    const std::uint64_t x = in_order<T>(a[i]), y = in_order<T>(b[i]);
    if (a_nan || b_nan) {
      ++out.one_nan;
      continue;
    }
    const auto places = x > y ? x - y : y - x;
    if (places > out.places) {
      out.places = places;
      out.largest_at = i;
      out.largest = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    }
  }
  return out;
}

std::string index_in_words(std::size_t element, const std::vector<std::size_t>& shape) {
  auto index = shape;
  for (std::size_t d = shape.size(); d-- > 0; element /= shape[d]) index[d] = element % shape[d];
  std::string out;
  for (const auto at : index) out += (out.empty() ? "" : ", ") + std::to_string(at);
  return "[" + out + "]";
}

/// The array itself if it can be read in place, else a copy in this machine's order.
AnyArray in_native_order(const AnyArray& array) {
  const auto& header = array.segment().header();
  if (detail::any_swapped(header.dtype) || header.fortran_order)
    return AnyArray::load(array.path());
  return AnyArray::map_file(array.path());
}

}  // namespace

void show(const std::string& what, const std::string& field, bool any_user) {
  const Target target(what);
  const auto array = target.open(any_user);
  std::cout << target.part_of(array, field) << '\n';
}

void stat(const StatOptions& options) {
  std::vector<std::vector<std::string>> rows{
      {"NAME", "MIN", "5%", "25%", "50%", "75%", "95%", "MAX", "MEAN", "STD", "NAN"}};
  std::string json;
  const auto add = [&](const std::string& name, const Statistics& its) {
    auto row = in_row(its);
    row.insert(row.begin(), printable(name));
    rows.push_back(std::move(row));
    json += (json.empty() ? "[\n " : ",\n ") + in_json(name, its);
  };
  for (const auto& name : expanded(options.names)) {
    const Target target(name);
    const auto array = target.open(options.any_user);
    const auto part = target.part_of(array, options.field);
    if (options.axis >= 0) {
      const auto axis = static_cast<std::size_t>(options.axis);
      if (axis >= array.dimension() || !target.slices.empty())
        throw std::runtime_error("--axis " + std::to_string(options.axis) + ": " + name + " has " +
                                 std::to_string(array.dimension()) +
                                 " axes; give the name without brackets");
      for (std::size_t i = 0; i < array.shape()[axis]; ++i) {
        std::string slices;
        for (std::size_t d = 0; d < axis; ++d) slices += ":,";
        const Target one(target.what + "[" + slices + std::to_string(i) + "]");
        add("[" + slices + std::to_string(i) + "]",
            statistics(one.part_of(array, options.field).values()));
      }
      continue;
    }
    const auto fields = fields_of(part.dtype());
    for (const auto& field : fields)
      add(name + "." + field, statistics(part.field(field).values()));
    if (!fields.empty()) continue;
    const bool whole = target.slices.empty() && options.field.empty();
    auto its = whole ? in_place(array) : std::nullopt;
    add(name, its ? *its : statistics(part.values()));
  }
  if (options.json)
    std::cout << (json.empty() ? "[" : json) << "\n]\n";
  else
    std::cout << table(rows, 0, "lrrrrrrrrrr");
}

bool diff(const std::string& first, const std::string& second, bool any_user) {
  const auto a = Target(first).open(any_user), b = Target(second).open(any_user);
  if (a.shape() != b.shape() || a.dtype().name() != b.dtype().name()) {
    std::cout << printable(first) << " is " << a.dtype().name() << ", " << shape_in_words(a.shape())
              << "; " << printable(second) << " is " << b.dtype().name() << ", "
              << shape_in_words(b.shape()) << '\n';
    return false;
  }
  const auto x = in_native_order(a), y = in_native_order(b);
  std::string told;
  using Types = Elements<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                         std::uint16_t, std::uint32_t, std::uint64_t, float, double>;
  const bool numbers = visit_dtype<Types>(x.dtype(), [&]<class T>() {
    const auto its = [&](const AnyArray& array) {
      return std::span(reinterpret_cast<const T*>(array.segment().data()), array.size());
    };
    const auto found = compare<T>(its(x), its(y));
    if (found.count == 0) return;
    told = std::to_string(found.count) + " of " + std::to_string(x.size()) +
           " elements differ, the first at " + index_in_words(found.first, x.shape());
    if (found.one_nan > 0)
      told += "; " + std::to_string(found.one_nan) + " are NaN in one of the arrays only";
    if (found.count > found.one_nan)
      told += "; at most by " + number(found.largest) +
              (std::is_floating_point_v<T> ? ", " + std::to_string(found.places) + " last places"
                                           : "") +
              ", at " + index_in_words(found.largest_at, x.shape());
  });
  if (!numbers) {
    const auto each = x.dtype().size;
    std::size_t count = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      count += std::equal(x.segment().data() + i * each, x.segment().data() + (i + 1) * each,
                          y.segment().data() + i * each)
                   ? 0
                   : 1;
    if (count > 0)
      told = std::to_string(count) + " of " + std::to_string(x.size()) + " elements differ";
  }
  if (!told.empty()) std::cout << told << '\n';
  return told.empty();
}

}  // namespace tool
