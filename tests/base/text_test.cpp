#include <tessera/base/text.hpp>

#include <string>

#include "support/catch.hpp"

using tessera::detail::append_item;

TEST_CASE("items of a list are separated, the first one is not") {
  std::string list;
  append_item(list, "a");
  CHECK(list == "a");
  append_item(list, "b");
  append_item(list, "", ";");
  CHECK(list == "a, b;");
}
