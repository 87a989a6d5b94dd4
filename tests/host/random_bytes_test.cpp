#include <tessera/host/random_bytes.hpp>

#include <set>
#include <string>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("random digits are hexadecimal, as many as were asked for, and never the same again") {
  std::set<std::string> seen;
  for (int time = 0; time < 1000; ++time) {
    const auto digits = host::random_hex(16);
    CHECK(digits.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(digits.size() == 16);
    seen.insert(digits);
  }
  CHECK(seen.size() == 1000);
  CHECK(host::random_hex(0).empty());
}

TEST_CASE("random identities and names differ") {
  const auto mine = host::random_hex(32);
  CHECK(mine.size() == 32);
  CHECK(host::random_hex(5).size() == 5);
  CHECK(mine != host::random_hex(32));
  CHECK(host::random_identity() != host::random_identity());
}
