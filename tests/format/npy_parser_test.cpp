#include <tessera/format/npy_parser.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace parser = tessera::npy::detail;

TEST_CASE("bytes of an array that do not fit in 63 bits are nothing, an empty axis or not") {
  const std::vector<std::size_t> some{3, 4}, empty{0, 5}, none{},
      large{std::size_t{1} << 40, std::size_t{1} << 40},
      hidden{0, std::size_t{1} << 40, std::size_t{1} << 40};
  CHECK(parser::checked_bytes(some, 8) == 96u);
  CHECK(parser::checked_bytes(empty, 8) == 0u);
  CHECK(parser::checked_bytes(none, 8) == 8u);
  CHECK_FALSE(parser::checked_bytes(large, 1));
  CHECK_FALSE(parser::checked_bytes(hidden, 1));
}

TEST_CASE("text of Latin-1 becomes UTF-8 and ASCII stays") {
  CHECK(parser::utf8_of_latin1("abc") == "abc");
  CHECK(parser::utf8_of_latin1("gr\366\337e") == "gr\303\266\303\237e");
  CHECK(parser::is_ascii("abc"));
  CHECK_FALSE(parser::is_ascii("gr\366\337e"));
}

TEST_CASE("a header's data has the bytes of its shape") {
  tessera::NpyHeader header;
  header.dtype = tessera::dtype_of<double>();
  CHECK(header.data_bytes() == 8);
  header.shape = {3, 0};
  CHECK(header.data_bytes() == 0);
  header.shape = {3, 4};
  CHECK(header.data_bytes() == 96);
}

TEST_CASE("a dictionary of Python is read, and what is none is malformed with a reason") {
  const auto header =
      parser::Parser("{'shape': (3, 4), 'fortran_order': True, 'descr': '<i2'}").header();
  CHECK((header.fortran_order && header.shape == std::vector<std::size_t>{3, 4}));
  CHECK(header.dtype == tessera::dtype_of<short>());
  for (const auto* text : {"", "{}", "{'descr': '<i2'}", "[1]",
                           "{'descr': '<i2', 'fortran_order': False, 'shape': (3)}",
                           "{'descr': '<i2', 'fortran_order': False, 'shape': (3,)} x"}) {
    CAPTURE(text);
    std::string why;
    try {
      parser::Parser(text).header();
    } catch (const parser::Malformed& malformed) {
      why = malformed.why;
    }
    CHECK_FALSE(why.empty());
  }
}
