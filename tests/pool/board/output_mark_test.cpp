#include <tessera/pool/board/output_mark.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using tessera::detail::mark_output;
using tessera::detail::output_mark;
using tessera::detail::read_mark;
using tessera::host::OutputPipe;

namespace {

/// The mark of a tile as it is read, without the line's end.
std::string mark_of(std::optional<std::size_t> tile) {
  const auto pipe = OutputPipe::made("test");
  mark_output(pipe, tile);
  std::array<char, 100> bytes;
  const auto n = pipe.read(bytes);
  REQUIRE(n > 0);
  REQUIRE(bytes[n - 1] == '\n');
  return {bytes.data(), n - 1};
}

}  // namespace

TEST_CASE("a mark is read as the tile that it was written for") {
  for (const std::size_t tile : {std::size_t{0}, std::size_t{17}, std::size_t(-1)}) {
    const auto read = read_mark(mark_of(tile));
    CHECK(read.is_mark);
    CHECK(read.tile == tile);
    CHECK(read.text.empty());
  }
}

TEST_CASE("a mark of no tile is a mark") {
  const auto read = read_mark(mark_of(std::nullopt));
  CHECK(read.is_mark);
  CHECK_FALSE(read.tile.has_value());
}

TEST_CASE("what stands before a mark is the end of an earlier text") {
  const auto line = "half a line" + mark_of(3);
  const auto read = read_mark(line);
  CHECK(read.text == "half a line");
  CHECK(read.tile == 3u);
}

TEST_CASE("a line that only begins like a mark is a line") {
  for (const auto* const rest : {"", "x", "12x", "99999999999999999999999"}) {
    const auto line = std::string(output_mark) + rest;
    const auto read = read_mark(line);
    CHECK_FALSE(read.is_mark);
    CHECK(read.text == line);
  }
}

TEST_CASE("of a line without its end, all is passed on but what may begin a mark") {
  using tessera::detail::before_mark;
  CHECK(before_mark("abc") == 3);
  CHECK(before_mark("") == 0);
  const std::string text(100, 'x');
  const auto mark = mark_of(12345);
  for (std::size_t n = 1; n <= mark.size(); ++n)
    CHECK(before_mark(text + mark.substr(0, n)) == text.size());
  CHECK(before_mark('\0' + text) == text.size() + 1);
}
