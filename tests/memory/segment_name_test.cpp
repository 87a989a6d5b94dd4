#include "support/catch.hpp"

#include <string>

#include <tessera/memory/segment_name.hpp>

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::SegmentName;
using namespace std::string_literals;

TEST_CASE("names of letters, digits, dots, underscores and hyphens are taken as they are") {
  for (const auto& name : {"a"s, "_"s, "0"s, "A.b-c_9"s, "x."s, "_.."s, std::string(200, 'n')}) {
    INFO(name);
    CHECK(SegmentName::valid(name));
    CHECK(SegmentName(name).str() == name);
  }
}

TEST_CASE("a name outside the grammar is refused with what is wrong and what is allowed") {
  const struct {
    std::string name;
    const char* says;
  } cases[] = {{"", "it is empty"},
               {std::string(201, 'n'), "it has 201 characters"},
               {std::string(1 << 20, 'n'), "it has 1048576 characters"},
               {".", "begins with '.'"},
               {"..", "begins with '.'"},
               {".hidden", "begins with '.'"},
               {"-flag", "begins with '-'"},
               {"/a", "not allowed"},
               {"a/b", "not allowed"},
               {"../a", "begins with '.'"},
               {"a\0b"s, "not allowed"},
               {"\0"s, "not allowed"},
               {"a b", "not allowed"},
               {"a\nb", "not allowed"},
               {"a\\b", "not allowed"},
               {"caf\xc3\xa9", "not allowed"}};
  for (const auto& [name, says] : cases) {
    INFO(says);
    CHECK_FALSE(SegmentName::valid(name));
    const auto error = error_of([&, n = name] { SegmentName{n}; });
    CHECK(error.errc() == Errc::invalid_name);
    CHECK(error.code() == std::errc::invalid_argument);
    CHECK(has(error.what(), says));
    CHECK(has(error.what(), "use 1 to 200 of A-Z a-z 0-9 . _ -"));
    CHECK(std::string_view(error.what()).size() < 400);
  }
}

TEST_CASE("every one of the 256 bytes is either in the grammar or refused") {
  for (int c = 0; c < 256; ++c) {
    const std::string name{'a', static_cast<char>(c)};
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    INFO(c);
    CHECK(SegmentName::valid(name) == plain);
  }
}

TEST_CASE("the Error shows an unprintable name in printable characters") {
  const auto error = error_of([] { SegmentName{"a\0\x1b[31mb\n"s}; });
  CHECK(has(error.what(), "'a??[31mb?'"));
}
