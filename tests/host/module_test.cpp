#include <tessera/host/module.hpp>

#include <string_view>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("a module's identity is FNV-1a of what is known of it") {
  constexpr std::string_view text = "foobar";
  const auto known = host::detail::hash(host::detail::hash_of_nothing, text.data(), text.size());
  CHECK(known == 0x85944171f73967e8u);
  CHECK(host::detail::hash(host::detail::hash_of_nothing, text.data(), 0) ==
        host::detail::hash_of_nothing);
  const auto front = host::detail::hash(host::detail::hash_of_nothing, text.data(), 3);
  CHECK(host::detail::hash(front, text.data() + 3, 3) == known);
}
