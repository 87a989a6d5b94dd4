// Floor 1, host: a program or library loaded into this process.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::host::detail {

/// The address of a module, and its identity.
struct Module {
  std::uintptr_t base = 0;
  std::uint64_t identity = 0;
};

/// The hash of no bytes: the first seed.
inline constexpr std::uint64_t hash_of_nothing = 0xcbf29ce484222325u;

inline std::uint64_t hash(std::uint64_t seed, const void* bytes, std::size_t count) {  // FNV-1a
  for (std::size_t i = 0; i < count; ++i) {
    seed ^= static_cast<const unsigned char*>(bytes)[i];
    seed *= 0x100000001b3u;
  }
  return seed;
}

}  // namespace tessera::host::detail
