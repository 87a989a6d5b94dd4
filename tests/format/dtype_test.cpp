// Tests of format/dtype.hpp: which C++ types are elements, how NumPy spells them, what a described
// struct says, and the byte order of an element.

#include <tessera/format/dtype.hpp>

#include <array>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

struct Point {
  float x;
  float y;
};

/// Gaps behind `flag` and at the end, a nested struct and every way to write an array.
struct Station {
  std::int8_t flag;
  double height;
  Point place;
  float winds[2][3];
  std::array<std::int16_t, 4> codes;
  std::array<std::array<std::uint8_t, 3>, 2> grid;
  std::array<std::int16_t, 3> pairs[2];
  std::complex<float> wave;
  Point corners[2];
  bool ok;
};

struct Bare {
  int a;
};

/// Two of its three members are described: the third is a gap to .npy.
struct Partly {
  std::int32_t first;
  std::int32_t hidden;
  std::int32_t last;
};

// 100 members, to be named in one TESSERA_FIELDS.
// clang-format off
#define TESSERA_TEN(p) p##0, p##1, p##2, p##3, p##4, p##5, p##6, p##7, p##8, p##9
struct Wide {
  std::int16_t TESSERA_TEN(a), TESSERA_TEN(b), TESSERA_TEN(c), TESSERA_TEN(d), TESSERA_TEN(e);
  std::int16_t TESSERA_TEN(f), TESSERA_TEN(g), TESSERA_TEN(h), TESSERA_TEN(i), TESSERA_TEN(j);
};
// clang-format on

struct WithPointer {
  int* p;
};
enum class Colour : std::uint8_t { red };

}  // namespace

TESSERA_FIELDS(Point, x, y);
TESSERA_FIELDS(Station, flag, height, place, winds, codes, grid, pairs, wave, corners, ok);
TESSERA_FIELDS(Partly, first, last);
TESSERA_FIELDS(Wide, TESSERA_TEN(a), TESSERA_TEN(b), TESSERA_TEN(c), TESSERA_TEN(d), TESSERA_TEN(e),
               TESSERA_TEN(f), TESSERA_TEN(g), TESSERA_TEN(h), TESSERA_TEN(i), TESSERA_TEN(j));

namespace {

using tessera::Dtype;
using tessera::dtype_of;
using tessera::Element;
using Shape = std::vector<std::size_t>;

constexpr bool little = std::endian::native == std::endian::little;
const std::string own_order = little ? "<" : ">";
const std::string other_order = little ? ">" : "<";

const Dtype::Field& field(const Dtype& dtype, const std::string& name) {
  for (const auto& f : dtype.fields)
    if (f.name == name) return f;
  throw std::runtime_error("no field " + name);
}

template <class T>
std::array<std::byte, sizeof(T)> bytes_of(const T& value) {
  std::array<std::byte, sizeof(T)> out;
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}

}  // namespace

TEST_CASE("bool, integers, float, double, complex and described structs are elements") {
  STATIC_REQUIRE(
      (Element<bool> && Element<char> && Element<signed char> && Element<unsigned char>));
  STATIC_REQUIRE((Element<short> && Element<int> && Element<long> && Element<long long>));
  STATIC_REQUIRE((Element<unsigned short> && Element<unsigned> && Element<unsigned long> &&
                  Element<unsigned long long>));
  STATIC_REQUIRE((Element<float> && Element<double>));
  STATIC_REQUIRE((Element<std::complex<float>> && Element<std::complex<double>>));
  STATIC_REQUIRE((Element<Point> && Element<Station>));
}

TEST_CASE("what has no portable bytes is no element") {
  STATIC_REQUIRE_FALSE(Element<long double>);
  STATIC_REQUIRE_FALSE(Element<std::complex<long double>>);
  STATIC_REQUIRE_FALSE(Element<std::complex<int>>);
  STATIC_REQUIRE_FALSE(Element<int*>);
  STATIC_REQUIRE_FALSE(Element<std::nullptr_t>);
  STATIC_REQUIRE_FALSE(Element<void>);
  STATIC_REQUIRE_FALSE(Element<int&>);
  STATIC_REQUIRE_FALSE(Element<int[3]>);
}

TEST_CASE("characters, enums, std::byte and strings are no elements") {
  STATIC_REQUIRE_FALSE(Element<wchar_t>);
  STATIC_REQUIRE_FALSE(Element<char8_t>);
  STATIC_REQUIRE_FALSE(Element<char16_t>);
  STATIC_REQUIRE_FALSE(Element<char32_t>);
  STATIC_REQUIRE_FALSE(Element<Colour>);
  STATIC_REQUIRE_FALSE(Element<std::byte>);
  STATIC_REQUIRE_FALSE(Element<std::string>);
}

TEST_CASE("a struct that nobody described is no element") {
  STATIC_REQUIRE_FALSE(Element<Bare>);
  STATIC_REQUIRE_FALSE(Element<WithPointer>);
}

TEST_CASE("const and volatile types are no elements") {
  STATIC_REQUIRE_FALSE(Element<const double>);
  STATIC_REQUIRE_FALSE(Element<volatile int>);
  STATIC_REQUIRE_FALSE(Element<const Point>);
}

TEST_CASE("scalars are spelled as NumPy spells them") {
  CHECK(dtype_of<bool>().to_string() == "'|b1'");
  CHECK(dtype_of<std::int8_t>().to_string() == "'|i1'");
  CHECK(dtype_of<std::uint8_t>().to_string() == "'|u1'");
  CHECK(dtype_of<std::int16_t>().to_string() == "'" + own_order + "i2'");
  CHECK(dtype_of<std::uint16_t>().to_string() == "'" + own_order + "u2'");
  CHECK(dtype_of<std::int32_t>().to_string() == "'" + own_order + "i4'");
  CHECK(dtype_of<std::uint32_t>().to_string() == "'" + own_order + "u4'");
  CHECK(dtype_of<std::int64_t>().to_string() == "'" + own_order + "i8'");
  CHECK(dtype_of<std::uint64_t>().to_string() == "'" + own_order + "u8'");
  CHECK(dtype_of<float>().to_string() == "'" + own_order + "f4'");
  CHECK(dtype_of<double>().to_string() == "'" + own_order + "f8'");
  CHECK(dtype_of<std::complex<float>>().to_string() == "'" + own_order + "c8'");
  CHECK(dtype_of<std::complex<double>>().to_string() == "'" + own_order + "c16'");
}

TEST_CASE("a scalar in the other byte order is spelled with the other sign") {
  CHECK(Dtype{'f', 8, true, {}}.to_string() == "'" + other_order + "f8'");
  CHECK(Dtype{'c', 16, true, {}}.to_string() == "'" + other_order + "c16'");
}

TEST_CASE("integers of one size and sign are one element type") {
  CHECK(dtype_of<long long>() == dtype_of<std::int64_t>());
  CHECK(dtype_of<unsigned long long>() == dtype_of<std::uint64_t>());
  CHECK(dtype_of<signed char>() == dtype_of<std::int8_t>());
  CHECK(dtype_of<int>() != dtype_of<unsigned>());
  CHECK(dtype_of<int>() != dtype_of<short>());
}

TEST_CASE("types of one size and different kind are different elements") {
  CHECK(dtype_of<bool>() != dtype_of<std::uint8_t>());
  CHECK(dtype_of<float>() != dtype_of<std::int32_t>());
  CHECK(dtype_of<double>() != dtype_of<std::complex<float>>());
  CHECK(dtype_of<double>() != dtype_of<Point>());
}

TEST_CASE("one type in two byte orders is two dtypes") {
  CHECK(Dtype{'f', 8, true, {}} != dtype_of<double>());
  CHECK(tessera::detail::in_native_order({'f', 8, true, {}}) == dtype_of<double>());
}

TEST_CASE("a struct is spelled as a list of its fields") {
  CHECK(dtype_of<Point>().to_string() ==
        "[('x', '" + own_order + "f4'), ('y', '" + own_order + "f4')]");
}

TEST_CASE("a struct's gaps are spelled as NumPy's padding") {
  const Dtype padded{'V',
                     24,
                     false,
                     {{"a", 0, dtype_of<std::int8_t>(), {}},
                      {"b", 8, dtype_of<std::uint8_t>(), {}},
                      {"c", 9, dtype_of<bool>(), {}}}};
  CHECK(padded.to_string() ==
        "[('a', '|i1'), ('', '|V7'), ('b', '|u1'), ('c', '|b1'), ('', '|V14')]");
}

TEST_CASE("a member that is not described is a gap") {
  CHECK(dtype_of<Partly>().size == 12);
  CHECK(dtype_of<Partly>().to_string() ==
        "[('first', '" + own_order + "i4'), ('', '|V4'), ('last', '" + own_order + "i4')]");
}

TEST_CASE("array fields are spelled with their extents as a tuple") {
  const Dtype dtype{
      'V', 9, false, {{"a", 0, dtype_of<bool>(), {3}}, {"b", 3, dtype_of<bool>(), {2, 3}}}};
  CHECK(dtype.to_string() == "[('a', '|b1', (3,)), ('b', '|b1', (2, 3))]");
}

TEST_CASE("quotes and backslashes in a field's name are escaped") {
  const Dtype dtype{'V', 1, false, {{"it's a \\", 0, dtype_of<bool>(), {}}}};
  CHECK(dtype.to_string() == R"([('it\'s a \\', '|b1')])");
}

TEST_CASE("a described struct has its members' offsets, types and extents") {
  const auto dtype = dtype_of<Station>();
  CHECK(dtype.kind == 'V');
  CHECK(dtype.size == sizeof(Station));
  REQUIRE(dtype.fields.size() == 10);
  CHECK(field(dtype, "flag") == Dtype::Field{"flag", 0, dtype_of<std::int8_t>(), {}});
  CHECK(field(dtype, "height").offset == offsetof(Station, height));
  CHECK(field(dtype, "place").type == dtype_of<Point>());
  CHECK(field(dtype, "winds").shape == Shape{2, 3});
  CHECK(field(dtype, "codes").shape == Shape{4});
  CHECK(field(dtype, "grid").shape == Shape{2, 3});
  CHECK(field(dtype, "pairs").shape == Shape{2, 3});
  CHECK(field(dtype, "wave").type == dtype_of<std::complex<float>>());
  CHECK(field(dtype, "wave").shape.empty());
  CHECK(field(dtype, "corners").type == dtype_of<Point>());
  CHECK(field(dtype, "corners").shape == Shape{2});
}

TEST_CASE("a field's bytes are those of its member") {
  const auto dtype = dtype_of<Station>();
  CHECK(field(dtype, "flag").bytes() == sizeof(Station::flag));
  CHECK(field(dtype, "place").bytes() == sizeof(Station::place));
  CHECK(field(dtype, "winds").bytes() == sizeof(Station::winds));
  CHECK(field(dtype, "codes").bytes() == sizeof(Station::codes));
  CHECK(field(dtype, "grid").bytes() == sizeof(Station::grid));
  CHECK(field(dtype, "pairs").bytes() == sizeof(Station::pairs));
  CHECK(field(dtype, "wave").bytes() == sizeof(Station::wave));
  CHECK(field(dtype, "corners").bytes() == sizeof(Station::corners));
}

TEST_CASE("a struct of a hundred members can be described") {
  const auto dtype = dtype_of<Wide>();
  REQUIRE(dtype.fields.size() == 100);
  CHECK(dtype.fields[0].name == "a0");
  CHECK(dtype.fields[99].name == "j9");
  CHECK(dtype.fields[99].offset == 198);
}

TEST_CASE("structs differ if one name, offset, type or extent does") {
  const Dtype one{'V', 8, false, {{"a", 0, dtype_of<float>(), {}}}};
  auto other = one;
  CHECK(other == one);
  other.fields[0].name = "b";
  CHECK(other != one);
  other = one;
  other.fields[0].offset = 4;
  CHECK(other != one);
  other = one;
  other.fields[0].type = dtype_of<std::int32_t>();
  CHECK(other != one);
  other = one;
  other.fields[0].shape = {1};
  CHECK(other != one);
  other = one;
  other.size = 12;
  CHECK(other != one);
}

TEST_CASE("every described struct here can be written as a descr") {
  CHECK(tessera::detail::invalid_reason(dtype_of<Point>()).empty());
  CHECK(tessera::detail::invalid_reason(dtype_of<Station>()).empty());
  CHECK(tessera::detail::invalid_reason(dtype_of<Partly>()).empty());
  CHECK(tessera::detail::invalid_reason(dtype_of<Wide>()).empty());
}

TEST_CASE("fields that a descr can't say are refused with the reason") {
  const auto reason_of = [](std::size_t size, std::vector<Dtype::Field> fields) {
    return std::string(tessera::detail::invalid_reason({'V', size, false, std::move(fields)}));
  };
  const auto f4 = dtype_of<float>();
  CHECK(reason_of(8, {{"a", 0, f4, {}}, {"b", 4, f4, {}}}).empty());
  CHECK(reason_of(8, {{"a", 4, f4, {}}, {"b", 0, f4, {}}}) ==
        "fields that overlap or are not in order of offset");
  CHECK(reason_of(8, {{"a", 0, f4, {}}, {"b", 2, f4, {}}}) ==
        "fields that overlap or are not in order of offset");
  CHECK(reason_of(8, {{"a", 0, f4, {}}, {"a", 4, f4, {}}}) == "two fields of one name");
  CHECK(reason_of(8, {{"", 0, f4, {}}}) == "a field without a name");
  CHECK(reason_of(8, {{"a\n", 0, f4, {}}}) == "a control character in a field's name");
  CHECK(reason_of(6, {{"a", 4, f4, {}}}) == "a field that does not lie inside its struct");
  CHECK(reason_of(8, {{"a", 100, f4, {}}}) == "a field that does not lie inside its struct");
  CHECK(reason_of(8, {{"a", 0, f4, {3}}}) == "a field that does not lie inside its struct");
  CHECK(reason_of(8, {{"a", 0, f4, {std::size_t(-1), 4}}}) ==
        "a field that does not lie inside its struct");
  CHECK(reason_of(0, {}) == "a struct without bytes");
}

TEST_CASE("a flaw of a struct within a struct is found") {
  const Dtype inner{'V', 4, false, {{"a", 2, dtype_of<float>(), {}}}};
  const Dtype outer{'V', 4, false, {{"s", 0, inner, {}}}};
  CHECK(tessera::detail::invalid_reason(outer) == "a field that does not lie inside its struct");
}

TEST_CASE("swapping reverses the bytes of a scalar in the other order") {
  auto bytes = bytes_of(std::uint32_t{0x01020304});
  tessera::detail::swap_bytes({'u', 4, true, {}}, bytes.data());
  CHECK(bytes == bytes_of(std::uint32_t{0x04030201}));
}

TEST_CASE("swapping leaves a scalar in this machine's order alone") {
  auto bytes = bytes_of(std::uint32_t{0x01020304});
  tessera::detail::swap_bytes({'u', 4, false, {}}, bytes.data());
  CHECK(bytes == bytes_of(std::uint32_t{0x01020304}));
}

TEST_CASE("swapping reverses the two parts of a complex number, each by itself") {
  std::array<std::uint32_t, 2> parts{0x01020304, 0x05060708};
  tessera::detail::swap_bytes({'c', 8, true, {}}, reinterpret_cast<std::byte*>(parts.data()));
  CHECK(parts == std::array<std::uint32_t, 2>{0x04030201, 0x08070605});
}

TEST_CASE("swapping reaches nested and array fields, and no gap") {
  const Dtype swapped2{'u', 2, true, {}};
  const Dtype inner{'V', 4, false, {{"x", 2, swapped2, {}}}};
  const Dtype outer{'V', 14, false, {{"a", 0, swapped2, {2}}, {"n", 4, inner, {2}}}};
  std::array<unsigned char, 14> bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  tessera::detail::swap_bytes(outer, reinterpret_cast<std::byte*>(bytes.data()));
  CHECK(bytes == std::array<unsigned char, 14>{1, 0, 3, 2, 4, 5, 7, 6, 8, 9, 11, 10, 12, 13});
}

TEST_CASE("swapping twice changes nothing") {
  auto dtype = dtype_of<Station>();
  for (auto& f : dtype.fields) f.type.swapped = f.type.size > 1 && f.type.kind != 'V';
  std::array<std::byte, sizeof(Station)> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 + 11);
  auto twice = bytes;
  tessera::detail::swap_bytes(dtype, twice.data());
  CHECK(twice != bytes);
  tessera::detail::swap_bytes(dtype, twice.data());
  CHECK(twice == bytes);
}

TEST_CASE("an array field without elements has no bytes to swap") {
  const Dtype dtype{
      'V', 2, false, {{"none", 0, {'u', 2, true, {}}, {0, 5}}, {"a", 0, dtype_of<short>(), {}}}};
  auto bytes = bytes_of(std::uint16_t{0x0102});
  tessera::detail::swap_bytes(dtype, bytes.data());
  CHECK(bytes == bytes_of(std::uint16_t{0x0102}));
}

TEST_CASE("one swapped field makes the element swapped, however deep") {
  Dtype inner{'V', 4, false, {{"x", 0, {'f', 4, true, {}}, {}}}};
  const Dtype outer{'V', 8, false, {{"a", 0, dtype_of<float>(), {}}, {"n", 4, inner, {}}}};
  CHECK(tessera::detail::any_swapped(outer));
  CHECK_FALSE(tessera::detail::any_swapped(tessera::detail::in_native_order(outer)));
  CHECK_FALSE(tessera::detail::any_swapped(dtype_of<Station>()));
}

TEST_CASE("a type has the name that NumPy gives it, whatever its byte order") {
  CHECK(tessera::dtype_of<bool>().name() == "bool");
  CHECK(tessera::dtype_of<std::uint16_t>().name() == "uint16");
  CHECK(Dtype{'f', 4, true, {}}.name() == "float32");
  CHECK(tessera::dtype_of<std::complex<double>>().name() == "complex128");
  CHECK(Dtype{'M', 8, false, {}, "ns"}.name() == "datetime64[ns]");
  CHECK(Dtype{'m', 8, false, {}}.name() == "timedelta64");
  CHECK(Dtype{'V', 3, false, {}}.name() == "'|V3'");
}

TEST_CASE("a name leads back to its type, and another one to none") {
  for (const Dtype& dtype : {tessera::dtype_of<bool>(), tessera::dtype_of<std::int8_t>(),
                             tessera::dtype_of<std::uint64_t>(), Dtype{'f', 2, false, {}},
                             tessera::dtype_of<float>(), tessera::dtype_of<std::complex<float>>()})
    CHECK(Dtype::named(dtype.name()) == dtype);
  for (const auto* const name : {"", "bool8", "int3", "int128", "float8", "float128", "complex32",
                                 "float", "datetime64", "<f8"})
    CHECK_FALSE(Dtype::named(name).has_value());
}
