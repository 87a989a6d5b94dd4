#include <tessera/host/inherited.hpp>

#include <cstdint>
#include <limits>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("numbers travel as one word and come back") {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  const host::Numbers numbers{0, 7, most};
  CHECK(host::as_word(numbers) == "0,7,18446744073709551615");
  CHECK(host::as_numbers(host::as_word(numbers)) == numbers);
}

TEST_CASE("a word that is no list of numbers gives none") {
  for (const auto* word :
       {"", "x", "1,", ",1", "1,,2", "1 2", "-1", "1;2", "18446744073709551616"}) {
    CAPTURE(word);
    CHECK_FALSE(host::as_numbers(word));
  }
}
