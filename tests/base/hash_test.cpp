#include <tessera/base/hash.hpp>

#include <string_view>

#include "support/catch.hpp"

using tessera::detail::fnv1a;

// From the table of test vectors of RFC 9923 and the algorithm's authors.
TEST_CASE("a hash is the one that FNV-1a's authors give") {
  REQUIRE(fnv1a("") == 0xcbf29ce484222325u);
  REQUIRE(fnv1a("a") == 0xaf63dc4c8601ec8cu);
  REQUIRE(fnv1a("foobar") == 0x85944171f73967e8u);
}

TEST_CASE("a hash of parts is the hash of the whole") {
  REQUIRE(fnv1a("bar", fnv1a("foo")) == fnv1a("foobar"));
}
