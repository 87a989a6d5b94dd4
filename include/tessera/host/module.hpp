// Floor 1, host: a program or library that is loaded into this process.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::host::detail {

/// Where a module is loaded, and which one it is.
struct Module {
  std::uintptr_t base = 0;
  std::uint64_t identity = 0;
};

/// What the hash of nothing is.
inline constexpr std::uint64_t hash_of_nothing = 0xcbf29ce484222325u;

inline std::uint64_t hash(std::uint64_t seed, const void* bytes, std::size_t count) {  // FNV-1a
  for (std::size_t i = 0; i < count; ++i) {
    seed ^= static_cast<const unsigned char*>(bytes)[i];
    seed *= 0x100000001b3u;
  }
  return seed;
}

}  // namespace tessera::host::detail
