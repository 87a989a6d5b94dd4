#include <tessera/format/bool_bytes.hpp>

#include <array>
#include <cstddef>
#include <vector>

#include "support/catch.hpp"

using tessera::Dtype;
using tessera::detail::find_no_bool;
using tessera::detail::make_bools;

namespace {

struct Flags {
  bool flags[3];
};
struct Outpost {
  float height;
  bool open;
  std::array<Flags, 2> parts;
};

}  // namespace

TESSERA_FIELDS(Flags, flags);
TESSERA_FIELDS(Outpost, height, open, parts);

TEST_CASE("a byte that is no bool is found wherever it is") {
  const auto type = tessera::dtype_of<bool>();
  for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 200u})
    for (const auto bad : {std::byte{2}, std::byte{255}, std::byte{128}}) {
      std::vector<std::byte> bytes(size, std::byte{1});
      REQUIRE_FALSE(find_no_bool(bytes, type));
      for (std::size_t at = 0; at < size; ++at) {
        bytes[at] = bad;
        REQUIRE(find_no_bool(bytes, type) == at);
        bytes[at] = std::byte{0};
      }
    }
}

TEST_CASE("bools are found and made within structs, other bytes are left alone") {
  const auto type = tessera::dtype_of<Outpost>();
  std::vector<std::byte> bytes(3 * sizeof(Outpost), std::byte{0});
  for (std::size_t at = 0; at < 4; ++at) bytes[sizeof(Outpost) + at] = std::byte{77};  // a float
  REQUIRE_FALSE(find_no_bool(bytes, type));
  REQUIRE_FALSE(find_no_bool(bytes, tessera::dtype_of<float>()));
  const auto last = 2 * sizeof(Outpost) + offsetof(Outpost, parts) + 5;
  bytes[last] = std::byte{4};
  REQUIRE(find_no_bool(bytes, type) == 2u);
  make_bools(bytes, type);
  REQUIRE(bytes[last] == std::byte{1});
  REQUIRE(bytes[sizeof(Outpost)] == std::byte{77});
  REQUIRE_FALSE(find_no_bool(bytes, type));
}
