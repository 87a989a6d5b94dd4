#include <tessera/host/scratch_name.hpp>

#include <string>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("a scratch file's name says its machine and is never used again") {
  const auto one = host::detail::scratch_name(), two = host::detail::scratch_name();
  const auto prefix = host::detail::scratch_prefix();
  CHECK(prefix.starts_with(host::detail::scratch_begin));
  CHECK(prefix.size() == host::detail::scratch_begin.size() + 9);
  CHECK((one.starts_with(prefix) && two.starts_with(prefix)));
  CHECK((one.size() == prefix.size() + 16 && one != two));
}
