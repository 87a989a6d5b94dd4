// Floor 1, host: a program or library loaded into this process.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tessera/base/hash.hpp>

namespace tessera::host::detail {

/// The address of a module, and its identity.
struct Module {
  std::uintptr_t base = 0;
  std::uint64_t identity = 0;
};

/// Goes on hashing an identity.
inline std::uint64_t hash(std::uint64_t seed, const void* bytes, std::size_t count) {
  return tessera::detail::fnv1a({static_cast<const char*>(bytes), count}, seed);
}

}  // namespace tessera::host::detail
