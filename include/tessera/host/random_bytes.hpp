// Floor 1, host: random bytes, for identities and for unique names.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <random>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>

#if defined(TESSERA_POSIX)
#include <unistd.h>
#endif

namespace tessera::host {

/// 16 random bytes that no other call returns, here or in another process.
inline std::array<std::uint8_t, 16> random_identity() {
  std::array<std::uint8_t, 16> out{};
#if defined(TESSERA_POSIX)
  if (::getentropy(out.data(), out.size()) != 0)
    throw system_failure(errno, "identity", "reading random bytes");
#else
  std::random_device random;
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
#endif
  return out;
}

/// `count` random hexadecimal digits (at most 32), for unique names.
inline std::string random_hex(std::size_t count) {
  std::string out;
  for (const auto byte : random_identity()) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  out.resize(count);
  return out;
}

}  // namespace tessera::host
