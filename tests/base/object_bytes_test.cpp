#include <tessera/base/object_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "support/catch.hpp"

using tessera::detail::bytes_of;
using tessera::detail::searched_bytes;

namespace {
struct Empty {};
struct Pair {
  double a, b;
};
struct Short {
  std::uint64_t whole;
  std::uint32_t half;
};
}  // namespace

TEST_CASE("the bytes of an object make an equal object") {
  const Pair given{1.5, -2};
  const auto bytes = bytes_of(given);
  Pair back{};
  std::memcpy(&back, bytes.data(), sizeof back);
  CHECK((back.a == 1.5 && back.b == -2));
}

TEST_CASE("only whole words may hold an address") {
  CHECK(searched_bytes<Empty>() == 0);
  CHECK(searched_bytes<char>() == 0);
  CHECK(searched_bytes<Pair>() == sizeof(Pair));
  CHECK(searched_bytes<void*>() == sizeof(void*));
  CHECK(searched_bytes<Short>() >= sizeof(std::uint64_t));
}

#if defined(__GNUC__) && !defined(__clang__)
TEST_CASE("padding inside an object is zero in its bytes") {
  struct Padded {
    char small;
    std::uint64_t large;
  };
  alignas(Padded) std::byte memory[sizeof(Padded)];
  std::memset(memory, 0xff, sizeof memory);
  auto* const object = new (memory) Padded;
  object->small = 1;
  object->large = 2;
  CHECK(bytes_of(*object)[1] == std::byte{0});
}
#endif
