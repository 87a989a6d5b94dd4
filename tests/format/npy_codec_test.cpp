// Tests of format/npy_codec.hpp: golden bytes, round trips, headers that NumPy wrote, and bytes
// that nobody should have written.

#include <tessera/format/npy_codec.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/npy_oracle.hpp"

using tessera::Dtype;
using tessera::dtype_of;
using tessera::NpyHeader;
using tessera_test::inconsistency;
using tessera_test::scalars;
namespace npy = tessera::npy;
using namespace std::string_view_literals;

namespace {

using Shape = std::vector<std::size_t>;

// As numpy.lib.format.write_array of NumPy 1.24 wrote them on a little-endian machine, in octal.

constexpr std::string_view classic =
    "\223NUMPY\001\000v\000"
    "{'descr': '<f8', 'fortran_order': False, 'shape': (365, 16, 16), }"
    "                                                   \n"sv;

constexpr std::string_view version_2 =
    "\223NUMPY\002\000t\000\000\000"
    "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }"
    "                                                        \n"sv;

constexpr std::string_view version_3 =
    "\223NUMPY\003\000t\000\000\000"
    "{'descr': '>i4', 'fortran_order': False, 'shape': (3, 4), }"
    "                                                        \n"sv;

constexpr std::string_view fortran =
    "\223NUMPY\001\000v\000"
    "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 4), }"
    "                                                           \n"sv;

constexpr std::string_view zero_size =
    "\223NUMPY\001\000v\000"
    "{'descr': '<c8', 'fortran_order': False, 'shape': (0, 5), }"
    "                                                          \n"sv;

constexpr std::string_view rank_0 =
    "\223NUMPY\001\000v\000"
    "{'descr': '|u1', 'fortran_order': False, 'shape': (), }"
    "                                                              \n"sv;

constexpr std::string_view rank_1 =
    "\223NUMPY\001\000v\000"
    "{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }"
    "                                                            \n"sv;

constexpr std::string_view rank_5 =
    "\223NUMPY\001\000v\000"
    "{'descr': '>c16', 'fortran_order': False, 'shape': (1, 2, 3, 4, 5), }"
    "                                                \n"sv;

constexpr std::string_view aligned =
    "\223NUMPY\001\000\266\000"
    "{'descr': [('a', '|i1'), ('', '|V7'), ('b', '<f8'), ('c', '<i2'), ('', '|V6')], 'fortran"
    "_order': False, 'shape': (2,), }"
    "                                                             \n"sv;

constexpr std::string_view nested =
    "\223NUMPY\001\000\266\000"
    "{'descr': [('t', '<i8'), ('p', [('x', '<f4'), ('ok', '|b1'), ('', '|V3')]), ('w', '<f4',"
    " (2, 3))], 'fortran_order': False, 'shape': (2, 2), }"
    "                                        \n"sv;

constexpr std::string_view nested_big_endian =
    "\223NUMPY\001\000\266\000"
    "{'descr': [('t', '>i8'), ('p', [('x', '>f4'), ('ok', '|b1'), ('', '|V3')]), ('w', '>f4',"
    " (2, 3))], 'fortran_order': False, 'shape': (2,), }"
    "                                          \n"sv;

constexpr std::string_view leading_gap =
    "\223NUMPY\001\000v\000"
    "{'descr': [('', '|V4'), ('a', '<f4'), ('', '|V4')], 'fortran_order': False, 'shape': (2,"
    "), }"
    "                         \n"sv;

constexpr std::string_view quotes =
    "\223NUMPY\001\000\266\000"
    "{'descr': [(\"it's\", '<f4'), ('a\"b\\'c', '|i1'), ('back\\\\slash', '|i1')], 'fortran_o"
    "rder': False, 'shape': (2,), }"
    "                                                                     \n"sv;

constexpr std::string_view latin_1 =
    "\223NUMPY\001\000v\000"
    "{'descr': [('gr\366\337e', '<f4')], 'fortran_order': False, 'shape': (2,), }"
    "                                               \n"sv;

constexpr std::string_view utf_8 =
    "\223NUMPY\003\000t\000\000\000"
    "{'descr': [('gr\303\266\303\237e', '<f4')], 'fortran_order': False, 'shape': (2,), }"
    "                                           \n"sv;

constexpr std::string_view opaque =
    "\223NUMPY\001\000v\000"
    "{'descr': '|V5', 'fortran_order': False, 'shape': (2,), }"
    "                                                            \n"sv;

// As Python 2 wrote them: extents of type long, names in unicode.
constexpr std::string_view python_2 =
    "\223NUMPY\001\000F\000"
    "{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 4L), }"
    "        \n"sv;

constexpr std::array all_from_numpy{classic, version_2, version_3, fortran,     zero_size,
                                    rank_0,  rank_1,    rank_5,    aligned,     nested,
                                    quotes,  latin_1,   utf_8,     leading_gap, nested_big_endian,
                                    opaque,  python_2};

/// A scalar as stored in little ('<') or big ('>') byte order.
Dtype stored(char order, char kind, std::size_t size) {
  const char native = std::endian::native == std::endian::little ? '<' : '>';
  return {kind, size, size > 1 && order != native, {}};
}

/// A header around a dictionary, padded as NumPy pads it.
std::string header_of(std::string text, char major = 1) {
  const std::size_t prefix = major == 1 ? 10 : 12;
  text.append(63 - (prefix + text.size()) % 64, ' ');
  text += '\n';
  std::string out(npy::magic);
  out += {major, '\0', static_cast<char>(text.size() & 0xff),
          static_cast<char>(text.size() >> 8 & 0xff)};
  if (major != 1) out += {static_cast<char>(text.size() >> 16), '\0'};
  return out + text;
}

std::string header_of_descr(const std::string& descr) {
  return header_of("{'descr': " + descr + ", 'fortran_order': False, 'shape': (2,), }");
}

std::string header_of_shape(const std::string& shape, const std::string& descr = "'<f8'") {
  return header_of("{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }");
}

/// The words of the Error that decoding gives; empty if the bytes are accepted.
std::string refusal(std::string_view bytes) {
  try {
    npy::decode(bytes, "the subject");
  } catch (const tessera::Error& error) {
    if (error.errc() != tessera::Errc::not_an_array) return "another code";
    if (error.subject() != "the subject") return "another subject";
    return error.what();
  }
  return {};
}

bool accepted(std::string_view bytes) { return refusal(bytes).empty(); }

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Structs with every way of being awkward: gaps in front, between and behind, nesting, array
/// fields (one without elements), names that need escapes, opaque bytes.
std::vector<Dtype> structs() {
  const Dtype f8{'f', 8, false, {}}, swapped2{'u', 2, true, {}}, opaque3{'V', 3, false, {}};
  const Dtype plain{'V', 9, false, {{"a", 0, dtype_of<bool>(), {}}, {"b", 1, f8, {}}}};
  const Dtype gaps{'V', 40, false, {{"a", 3, f8, {}}, {"b", 16, swapped2, {2}}, {"c", 20, f8, {}}}};
  const Dtype nest{'V',
                   200,
                   false,
                   {{"p", 0, plain, {2}},
                    {"none", 18, f8, {0, 7}},
                    {"g", 24, gaps, {}},
                    {"w", 64, f8, {2, 3, 1}},
                    {"raw", 190, opaque3, {}}}};
  const Dtype names{'V',
                    4,
                    false,
                    {{"it's", 0, dtype_of<bool>(), {}},
                     {"back\\slash", 1, dtype_of<bool>(), {}},
                     {"a \"b\"", 2, dtype_of<bool>(), {}},
                     {"gr\303\266\303\237e", 3, dtype_of<bool>(), {}}}};
  std::vector<Dtype> out{plain, gaps, nest, names, opaque3};
  Dtype deep = f8;
  for (int level = 0; level < tessera::max_struct_depth; ++level) {
    deep = {'V', deep.size + 8, false, {{"s", 4, deep, {}}}};
    out.push_back(deep);
  }
  return out;
}

}  // namespace

TEST_CASE("the header of 365x16x16 doubles is these 128 bytes") {
  const auto header = npy::encode(stored('<', 'f', 8), Shape{365, 16, 16});
  CHECK(header.size() == 128);
  CHECK(header == classic);
}

TEST_CASE("encode writes what NumPy writes, byte for byte") {
  CHECK(npy::encode(stored('<', 'f', 8), Shape{3, 4}, true) == fortran);
  CHECK(npy::encode(stored('<', 'c', 8), Shape{0, 5}) == zero_size);
  CHECK(npy::encode(stored('|', 'u', 1), Shape{}) == rank_0);
  CHECK(npy::encode(stored('|', 'b', 1), Shape{7}) == rank_1);
  CHECK(npy::encode(stored('>', 'c', 16), Shape{1, 2, 3, 4, 5}) == rank_5);
  CHECK(npy::encode(npy::decode(aligned, "").dtype, Shape{2}) == aligned);
  CHECK(npy::encode(npy::decode(nested, "").dtype, Shape{2, 2}) == nested);
  CHECK(npy::encode(npy::decode(nested_big_endian, "").dtype, Shape{2}) == nested_big_endian);
  CHECK(npy::encode(npy::decode(leading_gap, "").dtype, Shape{2}) == leading_gap);
  CHECK(npy::encode(npy::decode(opaque, "").dtype, Shape{2}) == opaque);
  CHECK(npy::encode(npy::decode(utf_8, "").dtype, Shape{2}) == utf_8);
}

TEST_CASE("encode then decode gives back every scalar of every rank") {
  for (const auto& dtype : scalars())
    for (std::size_t rank = 0; rank <= 8; ++rank)
      for (const bool fortran_order : {false, true}) {
        Shape shape(rank);
        for (std::size_t d = 0; d < rank; ++d) shape[d] = d * d * 7 + 1;
        const auto bytes = npy::encode(dtype, shape, fortran_order);
        CAPTURE(dtype.to_string(), rank);
        CHECK(bytes.size() == npy::usual_size);
        CHECK(npy::decode(bytes, "") == NpyHeader{dtype, fortran_order, shape, npy::usual_size});
      }
}

TEST_CASE("encode then decode gives back every struct") {
  for (const auto& dtype : structs())
    for (std::size_t rank = 0; rank <= 8; ++rank) {
      const Shape shape(rank, 3);
      const auto bytes = npy::encode(dtype, shape);
      CAPTURE(dtype.to_string(), rank);
      CHECK(npy::decode(bytes, "") == NpyHeader{dtype, false, shape, bytes.size()});
    }
}

TEST_CASE("encode then decode gives back the longest shapes and extents") {
  constexpr auto most = static_cast<std::size_t>(PTRDIFF_MAX);
  for (const auto& shape : {Shape(npy::max_rank, 1), Shape(npy::max_rank, 0), Shape{most / 512},
                            Shape{0, most / 8}, Shape{most / 8, 0}})
    CHECK(npy::decode(npy::encode(dtype_of<double>(), shape), "").shape == shape);
}

TEST_CASE("a header is a multiple of 64 bytes and ends with a newline") {
  Dtype dtype{'V', 0, false, {}};
  for (std::size_t i = 0; i < 200; ++i) {
    dtype.fields.push_back({"name" + std::to_string(i), i, dtype_of<bool>(), {}});
    dtype.size = i + 1;
    const auto bytes = npy::encode(dtype, Shape{4});
    CHECK(bytes.size() % 64 == 0);
    CHECK(bytes.back() == '\n');
    CHECK(npy::decode(bytes, "").data_offset == bytes.size());
    CHECK(npy::decode(bytes, "").dtype == dtype);
  }
}

TEST_CASE("a header grows past 128 bytes only when it must") {
  for (std::size_t length = 1; length < 200; ++length) {
    const Dtype dtype{'V', 1, false, {{std::string(length, 'n'), 0, dtype_of<bool>(), {}}}};
    const auto bytes = npy::encode(dtype, Shape{});
    const auto text = bytes.find_last_not_of(" \n") + 1;
    CHECK(bytes.size() == std::max<std::size_t>(128, (text + 1 + 63) / 64 * 64));
  }
}

TEST_CASE("version 3.0 is written only for names that are not ASCII") {
  const auto version = [](const std::string& name) {
    return npy::encode({'V', 1, false, {{name, 0, dtype_of<bool>(), {}}}}, Shape{2})[6];
  };
  CHECK(version("height") == 1);
  CHECK(version("gr\303\266\303\237e") == 3);
}

TEST_CASE("a description that does not fit in 64 KiB is refused when writing") {
  Dtype dtype{'V', 0, false, {}};
  std::size_t longest = 0;
  for (std::size_t i = 0; i < 6000; ++i) {
    dtype.fields.push_back({"name" + std::to_string(i), i, dtype_of<bool>(), {}});
    dtype.size = i + 1;
    if (i < 2000 || i % 100 != 0) continue;
    try {
      const auto bytes = npy::encode(dtype, Shape{4});
      CHECK(npy::decode(bytes, "").dtype == dtype);
      longest = bytes.size();
    } catch (const tessera::Error& error) {
      CHECK(error.errc() == tessera::Errc::invalid_argument);
      CHECK(longest > npy::max_size - 4096);
      return;
    }
  }
  FAIL("6000 fields were written");
}

TEST_CASE("a struct that a descr can't say is refused when writing") {
  const auto code = [](std::vector<Dtype::Field> fields) {
    try {
      npy::encode({'V', 8, false, std::move(fields)}, Shape{2});
    } catch (const tessera::Error& error) {
      return error.errc();
    }
    return tessera::Errc::system;
  };
  const auto f4 = dtype_of<float>();
  CHECK(code({{"a", 0, f4, {}}, {"b", 4, f4, {}}}) == tessera::Errc::system);
  CHECK(code({{"b", 4, f4, {}}, {"a", 0, f4, {}}}) == tessera::Errc::invalid_argument);
  CHECK(code({{"a", 0, f4, {}}, {"a", 4, f4, {}}}) == tessera::Errc::invalid_argument);
  CHECK(code({{"", 0, f4, {}}}) == tessera::Errc::invalid_argument);
  CHECK(code({{"a", 6, f4, {}}}) == tessera::Errc::invalid_argument);
}

TEST_CASE("a shape that no reader could take is refused when writing") {
  const auto code = [](const Shape& shape) {
    try {
      npy::encode(dtype_of<double>(), shape);
    } catch (const tessera::Error& error) {
      return error.errc();
    }
    return tessera::Errc::system;
  };
  CHECK(code(Shape(33, 1)) == tessera::Errc::invalid_shape);
  CHECK(code({std::size_t{1} << 40, std::size_t{1} << 40}) == tessera::Errc::invalid_shape);
  CHECK(code({std::size_t(-1)}) == tessera::Errc::invalid_shape);
}

TEST_CASE("a version 1.0 header of NumPy is read") {
  CHECK(npy::decode(classic, "") == NpyHeader{stored('<', 'f', 8), false, {365, 16, 16}, 128});
}

TEST_CASE("a version 2.0 header of NumPy is read") {
  CHECK(npy::decode(version_2, "") == NpyHeader{stored('<', 'i', 4), false, {3, 4}, 128});
}

TEST_CASE("a version 3.0 header of NumPy is read") {
  CHECK(npy::decode(version_3, "") == NpyHeader{stored('>', 'i', 4), false, {3, 4}, 128});
}

TEST_CASE("Fortran order is read") {
  CHECK(npy::decode(fortran, "") == NpyHeader{stored('<', 'f', 8), true, {3, 4}, 128});
}

TEST_CASE("big-endian elements are read as swapped on a little-endian machine") {
  const auto header = npy::decode(rank_5, "");
  CHECK(header == NpyHeader{stored('>', 'c', 16), false, {1, 2, 3, 4, 5}, 128});
  CHECK(header.dtype.swapped == (std::endian::native == std::endian::little));
}

TEST_CASE("a shape with a zero extent has no data bytes") {
  CHECK(npy::decode(zero_size, "") == NpyHeader{stored('<', 'c', 8), false, {0, 5}, 128});
  CHECK(npy::decode(zero_size, "").data_bytes() == 0);
}

TEST_CASE("a shape without axes has the bytes of one element") {
  CHECK(npy::decode(rank_0, "") == NpyHeader{stored('|', 'u', 1), false, {}, 128});
  CHECK(npy::decode(rank_0, "").data_bytes() == 1);
}

TEST_CASE("the comma of a shape of one axis is read") {
  CHECK(npy::decode(rank_1, "") == NpyHeader{stored('|', 'b', 1), false, {7}, 128});
}

TEST_CASE("an aligned struct of NumPy is read, its padding as gaps") {
  const Dtype expected{'V',
                       24,
                       false,
                       {{"a", 0, stored('|', 'i', 1), {}},
                        {"b", 8, stored('<', 'f', 8), {}},
                        {"c", 16, stored('<', 'i', 2), {}}}};
  CHECK(npy::decode(aligned, "") == NpyHeader{expected, false, {2}, aligned.size()});
}

TEST_CASE("padding in front of the first field is read as a gap") {
  const Dtype expected{'V', 12, false, {{"a", 4, stored('<', 'f', 4), {}}}};
  CHECK(npy::decode(leading_gap, "").dtype == expected);
}

TEST_CASE("a nested struct and an array field of NumPy are read") {
  for (const char order : {'<', '>'}) {
    const Dtype place{
        'V', 8, false, {{"x", 0, stored(order, 'f', 4), {}}, {"ok", 4, dtype_of<bool>(), {}}}};
    const Dtype expected{'V',
                         40,
                         false,
                         {{"t", 0, stored(order, 'i', 8), {}},
                          {"p", 8, place, {}},
                          {"w", 16, stored(order, 'f', 4), {2, 3}}}};
    CHECK(npy::decode(order == '<' ? nested : nested_big_endian, "").dtype == expected);
  }
}

TEST_CASE("names that Python quotes in either way are read") {
  const auto header = npy::decode(quotes, "");
  REQUIRE(header.dtype.fields.size() == 3);
  CHECK(header.dtype.fields[0].name == "it's");
  CHECK(header.dtype.fields[1].name == "a\"b'c");
  CHECK(header.dtype.fields[2].name == "back\\slash");
}

TEST_CASE("names are UTF-8, whichever encoding the version has") {
  CHECK(npy::decode(latin_1, "").dtype.fields.at(0).name == "gr\303\266\303\237e");
  CHECK(npy::decode(utf_8, "").dtype.fields.at(0).name == "gr\303\266\303\237e");
}

TEST_CASE("opaque bytes are read as a struct without fields") {
  CHECK(npy::decode(opaque, "").dtype == Dtype{'V', 5, false, {}});
}

TEST_CASE("the longs of Python 2 are read") {
  CHECK(npy::decode(python_2, "") ==
        NpyHeader{stored('<', 'f', 8), false, {3, 4}, python_2.size()});
}

TEST_CASE("a dictionary in another order, spacing and quoting is read") {
  const auto header =
      npy::decode(header_of("{ \"shape\":(3 , 4),'fortran_order' :True,\n\t'descr':\"=i4\"}"), "");
  CHECK(header.dtype == Dtype{'i', 4, false, {}});
  CHECK(header.shape == Shape{3, 4});
  CHECK(header.fortran_order);
}

TEST_CASE("bytes behind the header are not looked at") {
  const std::string more = std::string(classic) + "\001\002\003{'descr': 'no'";
  CHECK(npy::decode(more, "") == npy::decode(classic, ""));
}

TEST_CASE("a header that ends early is refused at every length") {
  for (const auto header : all_from_numpy)
    for (std::size_t length = 0; length < header.size(); ++length)
      if (accepted(header.substr(0, length))) FAIL("accepted the first " << length << " bytes");
  SUCCEED();
}

TEST_CASE("a dictionary that ends early is refused at every length") {
  const std::string text =
      "{'descr': [('a', '|i1'), ('', '|V7'), ('b', '<f8', (2, 3))], 'fortran_order': False, "
      "'shape': (2, 3), }";
  REQUIRE(accepted(header_of(text)));
  for (std::size_t length = 0; length < text.size(); ++length)
    if (accepted(header_of(text.substr(0, length)))) FAIL("accepted " << text.substr(0, length));
}

TEST_CASE("bytes that do not begin with the magic are refused") {
  CHECK(contains(refusal(""), "does not begin like one"));
  CHECK(contains(refusal(std::string(4096, '\0')), "does not begin like one"));
  CHECK(contains(refusal("PK\003\004 this is an .npz archive"), "does not begin like one"));
  auto published_last = std::string(classic);
  std::fill_n(published_last.begin(), 8, '\0');
  CHECK_FALSE(accepted(published_last));
}

TEST_CASE("versions other than 1.0, 2.0 and 3.0 are refused") {
  for (const int major : {0, 4, 17, 255}) {
    auto bytes = std::string(classic);
    bytes[6] = static_cast<char>(major);
    CHECK(contains(refusal(bytes), "version"));
  }
  auto bytes = std::string(classic);
  bytes[7] = 1;
  CHECK(contains(refusal(bytes), "version"));
}

TEST_CASE("a header length that reaches past the bytes is refused") {
  auto bytes = std::string(classic);
  bytes[8] = static_cast<char>(bytes[8] + 1);
  CHECK(contains(refusal(bytes), "ends inside the header"));
  bytes[8] = bytes[9] = '\xff';
  CHECK_FALSE(accepted(bytes));
}

TEST_CASE("a header length of 4 GiB is refused") {
  auto bytes = std::string(version_2);
  for (int i = 8; i < 12; ++i) bytes[static_cast<std::size_t>(i)] = '\xff';
  CHECK(contains(refusal(bytes), "longer than 64 KiB"));
}

TEST_CASE("a header length that cuts the dictionary is refused") {
  for (int length = 0; length < 66; ++length) {
    auto bytes = std::string(classic);
    bytes[8] = static_cast<char>(length);
    if (accepted(bytes)) FAIL("accepted " << length);
  }
  SUCCEED();
}

TEST_CASE("the header length says where the data begins") {
  auto bytes = std::string(classic);
  bytes[8] = 70;
  CHECK(npy::decode(bytes, "").data_offset == 80);
}

TEST_CASE("a header length that reaches into data that is no space is refused") {
  auto bytes = std::string(classic) + std::string(128, '\0');
  bytes[8] = static_cast<char>(0xb6);
  CHECK(contains(refusal(bytes), "text after its dictionary"));
}

TEST_CASE("keys that are missing, repeated or unknown are refused") {
  CHECK(contains(refusal(header_of("{}")), "lacks"));
  CHECK(contains(refusal(header_of("{'descr': '<f8', 'shape': (3,), }")), "lacks"));
  CHECK(contains(refusal(header_of("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, "
                                   "'shape': (3,), }")),
                 "repeated"));
  CHECK(contains(refusal(header_of("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), "
                                   "'extra': 1, }")),
                 "unknown"));
}

TEST_CASE("negative, fractional and symbolic extents are refused") {
  for (const auto* shape : {"(-1,)", "(3, -4)", "(1.5,)", "(1e3,)", "(0x10,)", "(None,)", "(True,)",
                            "(+3,)", "(3LL,)", "(03,)", "('3',)", "(1_000,)", "((3,),)",
                            "(18446744073709551616,)", "(99999999999999999999999,)"}) {
    CAPTURE(shape);
    CHECK_FALSE(accepted(header_of_shape(shape)));
  }
}

TEST_CASE("shapes that are no tuple are refused") {
  for (const auto* shape : {"3", "[3]", "(3)", "(3", "3,", "(,)", "(3,,)", "(3 4)", "{3}", "''"}) {
    CAPTURE(shape);
    CHECK_FALSE(accepted(header_of_shape(shape)));
  }
}

TEST_CASE("extents whose product overflows are refused") {
  for (const auto* shape :
       {"(9223372036854775807,)", "(18446744073709551615,)", "(4294967296, 4294967296)",
        "(3037000500, 3037000500)", "(1, 2, 9223372036854775807)", "(1152921504606846976,)"}) {
    CAPTURE(shape);
    CHECK(contains(refusal(header_of_shape(shape)), "overflow"));
  }
}

TEST_CASE("a zero extent does not hide an overflow") {
  CHECK_FALSE(accepted(header_of_shape("(0, 4294967296, 4294967296)")));
  CHECK_FALSE(accepted(header_of_shape("(4294967296, 4294967296, 0)")));
}

TEST_CASE("data that would end past 63 bits is refused") {
  // The elements alone fit; with the header in front they do not.
  CHECK_FALSE(accepted(header_of_shape("(9223372036854775807,)", "'|u1'")));
  CHECK_FALSE(accepted(header_of_shape("(9223372036854775680,)", "'|u1'")));
  CHECK(accepted(header_of_shape("(9223372036854775679,)", "'|u1'")));
}

TEST_CASE("more than 32 axes are refused") {
  std::string shape = "(";
  for (int d = 0; d < 32; ++d) shape += "1,";
  CHECK(accepted(header_of_shape(shape + ")")));
  CHECK(contains(refusal(header_of_shape(shape + "1)")), "32 axes"));
}

TEST_CASE("an order that is neither True nor False is refused") {
  for (const auto* order : {"0", "1", "true", "None", "'C'", "Truex", "Fals"}) {
    CAPTURE(order);
    CHECK_FALSE(accepted(header_of(std::string("{'descr': '<f8', 'fortran_order': ") + order +
                                   ", 'shape': (2,), }")));
  }
}

TEST_CASE("an element type that is not supported is named in plain words") {
  // extended and quadruple floats, objects, text, bytes, times of a unit that is none, records
  for (const std::string descr :
       {"<f16",      ">f16",   "<f12", "<c32", "|O",  "|O8",  "<U3", "|S3", "<M8[x]", "<m8[0s]",
        "<m8[D/12]", "<M8[ns", "<M4",  "|V0",  "<i3", "<i16", "|b2", "x",   "int",    "<float64"}) {
    const auto words = refusal(header_of_descr("'" + descr + "'"));
    CAPTURE(words);
    CHECK(contains(words, "element type '" + descr + "' is not supported"));
    CHECK(contains(words, "save it as bool"));
  }
}

TEST_CASE("a type of a field that is not supported is named too") {
  CHECK(contains(refusal(header_of_descr("[('a', '<f4'), ('s', '<U3')]")), "'<U3'"));
}

TEST_CASE("the name of an unknown type is not repeated at any length") {
  CHECK(refusal(header_of_descr("'" + std::string(5000, 'x') + "'")).size() < 300);
}

TEST_CASE("every spelling of a scalar that NumPy reads is read, with the same meaning") {
  const auto meaning = [](const std::string& descr) {
    return npy::decode(header_of_descr("'" + descr + "'"), descr).dtype.to_string();
  };
  const std::vector<std::pair<std::string, std::vector<std::string>>> spellings{
      {"'<f8'", {"f8", "=f8", "|f8", "d", "<d", "=d", "float64", "double", "float", "f08"}},
      {"'>f8'", {">d", ">f8"}},
      {"'<f4'", {"f4", "f", "<f", "float32", "single"}},
      {"'<f2'", {"f2", "e", "<e", "float16", "half"}},
      {"'|b1'", {"?", "|?", "<?", "b1", ">b1", "bool", "bool_"}},
      {"'|i1'", {"b", "i1", "<i1", ">b", "int8", "byte"}},
      {"'|u1'", {"B", "u1", "=B", "uint8", "ubyte"}},
      {"'<i2'", {"h", "i2", "int16", "short"}},
      {"'>u2'", {">H", ">u2"}},
      {"'<i4'", {"i", "<i", "i4", "int32", "intc"}},
      {"'<u4'", {"I", "u4", "uint32"}},
      {"'<i8'", {"q", "i8", "=q", "int64", "longlong"}},
      {"'<u8'", {"Q", "u8", "uint64", "P"}},
      {"'<c8'", {"F", "c8", "complex64"}},
      {"'>c16'", {">D", ">c16"}},
      {"'|V5'", {"V5", "<V5", "=V05"}},
      {"'<M8[ns]'", {"M8[ns]", "=M8[ns]", "|M8[1ns]", "datetime64[ns]", "<datetime64[ns]"}},
      {"'>m8[25s]'", {">m8[025s]", ">timedelta64[25s]"}},
      {"'<M8'", {"M8", "M", "M8[generic]", "datetime64"}},
      {"'<m8[us]'", {"m8[us]"}}};
  for (const auto& [usual, others] : spellings) {
    CHECK(meaning(usual.substr(1, usual.size() - 2)) == usual);
    for (const auto& other : others) {
      CAPTURE(other);
      CHECK(meaning(other) == usual);
    }
  }
  CHECK(meaning("l") == (sizeof(long) == 8 ? "'<i8'" : "'<i4'"));
  CHECK(meaning(">L") == (sizeof(long) == 8 ? "'>u8'" : "'>u4'"));
}

TEST_CASE("a byte order that is none is refused") {
  for (const auto* descr : {"'!f8'", "'xf8'", "'<<f8'", "'@d'", "'<float64'"}) {
    CAPTURE(descr);
    CHECK_FALSE(accepted(header_of_descr(descr)));
  }
}

TEST_CASE("titles of fields are read over, and arrays as fields' types are the fields' extents") {
  const auto descr = [](const std::string& text) {
    return npy::decode(header_of_descr(text), text).dtype.to_string();
  };
  CHECK(descr("[(('title', 'a'), '<f4'), ('b', 'i1')]") == "[('a', '<f4'), ('b', '|i1')]");
  CHECK(descr("[('a', '<f4', 3)]") == "[('a', '<f4', (3,))]");
  CHECK(descr("[('a', ('<f4', (2,)))]") == "[('a', '<f4', (2,))]");
  CHECK(descr("[('a', ('<f4', 2), (3,))]") == "[('a', '<f4', (3, 2))]");
  CHECK(descr("[('t', '<M8[D]'), (('', 'p'), [('h', '<f2')])]") ==
        "[('t', '<M8[D]'), ('p', [('h', '<f2')])]");
}

TEST_CASE("the unit of times is kept, and times have the values of integers") {
  const auto header = npy::decode(header_of_descr("'>M8[25s]'"), "");
  CHECK(header.dtype.kind == 'M');
  CHECK(header.dtype.unit == "25s");
  CHECK(contains(npy::encode(header.dtype, Shape{2}), "'>M8[25s]'"));
  CHECK(tessera::detail::value_type(header.dtype) == dtype_of<std::int64_t>());
  const Dtype days{'m', 8, false, {}, "D"};
  CHECK(npy::decode(npy::encode(days, Shape{3}), "").dtype == days);
  CHECK(header.dtype != days);
}

TEST_CASE("sizes that are no plain number are refused") {
  for (const auto* descr : {"'<f8 '", "'<f-8'", "'<f+8'", "'<f 8'", "'<f8x'", "'<f8,'", "'<'", "''",
                            "'<f18446744073709551624'", "'|V99999999999'"}) {
    CAPTURE(descr);
    CHECK_FALSE(accepted(header_of_descr(descr)));
  }
}

TEST_CASE("a descr that is no string and no list is refused") {
  for (const auto* descr :
       {"8", "None", "('<f4', (2,))", "{'names': ['a']}", "b'<f8'", "'<f' '8'", "[]", "[()]"}) {
    CAPTURE(descr);
    CHECK_FALSE(accepted(header_of_descr(descr)));
  }
}

TEST_CASE("fields that are no named type are refused") {
  for (const auto* descr :
       {"[('a',)]", "['a', '<f4']", "[('a', '<f4', -3)]", "[('a', '<f4', (3))]", "[('', '<f4')]",
        "[(('title',), '<f4')]", "[(('title', 'a', 'b'), '<f4')]", "[(('title', ''), '<f4')]",
        "[('a', ('<f4',))]", "[('a', ('<f4', 2)", "[('a', '<f4', (2,), 1)]", "[('a', '<f4')",
        "[('a' '<f4')]", "[('a', '<f4'), ('a', '<f4')]", "[('a', '<f4', (-1,))]",
        "[('', [('a', '<f4')])]"}) {
    CAPTURE(descr);
    CHECK_FALSE(accepted(header_of_descr(descr)));
  }
}

TEST_CASE("a struct without bytes is refused") {
  CHECK_FALSE(accepted(header_of_descr("[('a', '<f4', (0,))]")));
  CHECK_FALSE(accepted(header_of_descr("[('a', [('b', '<f4', (0, 3))])]")));
}

TEST_CASE("control characters and unknown escapes in names are refused") {
  CHECK_FALSE(accepted(header_of_descr("[('a\nb', '<f4')]")));
  CHECK_FALSE(accepted(header_of_descr(std::string("[('a\0b', '<f4')]", 16))));
  CHECK_FALSE(accepted(header_of_descr("[('a\\nb', '<f4')]")));
  CHECK_FALSE(accepted(header_of_descr("[('a\\x41', '<f4')]")));
}

TEST_CASE("structs within structs are read up to eight deep, and refused beyond") {
  const auto nested_to = [](int depth) {
    std::string descr = "'<f8'";
    for (int i = 0; i < depth; ++i) descr = "[('s', " + descr + ")]";
    return header_of_descr(descr);
  };
  CHECK(accepted(nested_to(tessera::max_struct_depth)));
  CHECK(contains(refusal(nested_to(tessera::max_struct_depth + 1)), "nested too deeply"));
  CHECK(contains(refusal(nested_to(2000)), "nested too deeply"));
}

TEST_CASE("brackets without end are refused without deep recursion") {
  for (const std::string unit : {"[", "(", "{", "[('a', ", "{'descr': ", "'", "\\"}) {
    std::string text = "{'descr': ";
    while (text.size() < 60000) text += unit;
    CAPTURE(unit);
    CHECK_FALSE(accepted(header_of(text)));
  }
}

TEST_CASE("field shapes too large for an element are refused") {
  for (const auto* shape : {"(2147483648,)", "(65536, 65536)", "(4294967296, 4294967296)",
                            "(18446744073709551615, 3)", "(9223372036854775807,)"}) {
    CAPTURE(shape);
    CHECK(contains(refusal(header_of_descr(std::string("[('a', '|u1', ") + shape + ")]")),
                   "more than 2 GiB"));
  }
}

TEST_CASE("fields that are only together too large are refused") {
  CHECK(accepted(header_of_descr("[('a', '|u1', (2147483647,))]")));
  CHECK_FALSE(accepted(header_of_descr("[('a', '|u1', (2147483647,)), ('b', '|u1')]")));
  CHECK_FALSE(accepted(header_of_descr("[('', '|V2147483647'), ('', '|V2147483647')]")));
}

TEST_CASE("large gaps are read back as they were written") {
  for (const auto* descr :
       {"[('', '|V65536'), ('', '|V65536'), ('a', '<f4')]", "[('', '|V65536'), ('', '|V65537')]"}) {
    const auto bytes = header_of_descr(descr);
    CHECK(inconsistency(npy::decode(bytes, ""), bytes) == "");
  }
}

TEST_CASE("a struct of thousands of fields is read") {
  std::string descr = "[";
  for (int i = 0; i < 3000; ++i) descr += "('f" + std::to_string(i) + "', '<f4'), ";
  const auto header = npy::decode(header_of_descr(descr + "]"), "");
  CHECK(header.dtype.fields.size() == 3000);
  CHECK(header.dtype.size == 12000);
  CHECK(header.dtype.fields[2999].offset == 11996);
}

TEST_CASE("whatever random changes leave acceptable is consistent, the rest is an Error") {
  std::mt19937 random(12345);
  const auto below = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  // Pieces that keep the text near the grammar, where a reader's mistakes are.
  const std::vector<std::string> pieces{"(",
                                        ")",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        ",",
                                        "'",
                                        "\"",
                                        "\\",
                                        ":",
                                        "0",
                                        "9",
                                        "-",
                                        "L",
                                        " ",
                                        "\n",
                                        "<",
                                        ">",
                                        "|",
                                        "=",
                                        "V",
                                        "f8",
                                        "i1",
                                        "'|V4'",
                                        "(2,)",
                                        "()",
                                        "''",
                                        "'a'",
                                        "True",
                                        "u'",
                                        "<f8",
                                        "(0,)",
                                        "\377",
                                        "\303",
                                        "('b', '<f4', (2,)), ",
                                        "('', '|V65536'), ",
                                        "4294967296",
                                        "2147483647",
                                        "9223372036854775807",
                                        "18446744073709551615",
                                        "[('x', '<i2')]"};
  int times_accepted = 0;
  constexpr int rounds = 60000;
  for (int round = 0; round < rounds; ++round) {
    std::string bytes(all_from_numpy[below(all_from_numpy.size())]);
    const auto dictionary = bytes.find_last_not_of(" \n") + 1;
    for (auto changes = 1 + below(3); changes > 0; --changes) {
      // Most changes fall on the dictionary, some on magic, version, length and padding.
      const auto at = below(8) == 0 ? below(bytes.size())
                                    : std::min(10 + below(dictionary - 9), bytes.size() - 1);
      switch (below(6)) {
        case 0: bytes[at] = static_cast<char>(below(256)); break;
        case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
        case 2: bytes.insert(at, pieces[below(pieces.size())]); break;
        case 3: bytes.erase(at, 1 + below(6)); break;
        case 4: bytes.insert(at, bytes.substr(below(bytes.size()), below(40))); break;
        default: {
          const auto& piece = pieces[below(pieces.size())];
          bytes.replace(at, piece.size(), piece);
        }
      }
    }
    // Half of the time the length is mended, so that what was inserted or erased is read as meant.
    if (bytes.size() > 12 && below(2) == 0) {
      const std::size_t prefix = bytes[6] == 1 ? 10 : 12;
      bytes[8] = static_cast<char>((bytes.size() - prefix) & 0xff);
      bytes[9] = static_cast<char>((bytes.size() - prefix) >> 8);
    }
    try {
      const auto header = npy::decode(bytes, "mutant");
      ++times_accepted;
      const auto complaint = inconsistency(header, bytes);
      if (!complaint.empty()) FAIL("round " << round << ": " << complaint << " in " << bytes);
    } catch (const tessera::Error& error) {
      if (error.errc() != tessera::Errc::not_an_array || error.subject() != "mutant")
        FAIL("round " << round << ": " << error.what() << " for " << bytes);
    } catch (...) {
      FAIL("round " << round << ": something else than an Error for " << bytes);
    }
  }
  CHECK(times_accepted > rounds / 50);  // the oracle was asked
  CHECK(times_accepted < rounds);
}

TEST_CASE("random bytes behind a good magic are refused") {
  std::mt19937 random(54321);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(classic.substr(0, 10));
    while (bytes.size() < 128) bytes += static_cast<char>(random() & 0xff);
    if (accepted(bytes)) FAIL("round " << round);
  }
  SUCCEED();
}
