#include <tessera/host/module.hpp>

#include <string_view>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("what is known of a module bit by bit has the identity of the whole") {
  constexpr std::string_view text = "foobar";
  const auto nothing = tessera::detail::fnv1a("");
  const auto whole = host::detail::hash(nothing, text.data(), text.size());
  CHECK(whole == tessera::detail::fnv1a(text));
  CHECK(host::detail::hash(nothing, text.data(), 0) == nothing);
  const auto front = host::detail::hash(nothing, text.data(), 3);
  CHECK(front != whole);
  CHECK(host::detail::hash(front, text.data() + 3, 3) == whole);
}
