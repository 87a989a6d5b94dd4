// Floor 1, host: what the system can do, as constants.
#pragma once

#include <cstddef>

#include <tessera/base/config.hpp>

namespace tessera::host {

#if defined(TESSERA_POSIX)
/// Whether a process can be copied.
inline constexpr bool can_fork = true;
/// How many children a process may watch.
inline constexpr std::size_t most_children = 1024;
#else
/// Whether a process can be copied.
inline constexpr bool can_fork = false;
/// How many children a process may watch: as many handles as one thread can wait for, less one.
inline constexpr std::size_t most_children = 63;
#endif

}  // namespace tessera::host
