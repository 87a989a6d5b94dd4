// Floor 0, base: a hash of bytes, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tessera::detail {

/// FNV-1a, 64 bits (Fowler, Noll, Vo). To hash bytes in parts, give the hash of the part before as
/// `seed`.
inline std::uint64_t fnv1a(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325u) {
  for (const char byte : bytes) seed = (seed ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return seed;
}

}  // namespace tessera::detail
