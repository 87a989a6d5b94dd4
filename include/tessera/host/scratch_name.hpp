// Floor 1, host: scratch names of files that have no name of their own yet: scratch.hpp.
//
// A name contains the machine that made it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/base/hash.hpp>
#include <tessera/host/random_bytes.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_POSIX)
#include <unistd.h>
#endif

namespace tessera::host::detail {

/// The beginning of all scratch names. 8 digits, a hyphen and 16 digits follow.
inline constexpr std::string_view scratch_begin = ".tessera-new-";

/// The beginning of scratch names of this machine.
inline std::string scratch_prefix() {
  char machine[256] = {};
#if defined(TESSERA_POSIX)
  ::gethostname(machine, sizeof machine - 1);
#else
  DWORD size = sizeof machine;
  ::GetComputerNameA(machine, &size);
#endif
  const auto hash = tessera::detail::fnv1a(machine);
  std::string out(scratch_begin);
  for (int digit = 28; digit >= 0; digit -= 4) out += "0123456789abcdef"[hash >> digit & 15];
  return out + "-";
}
inline std::string scratch_name() { return scratch_prefix() + random_hex(16); }

}  // namespace tessera::host::detail
