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
inline constexpr bool can_fork = false;
inline constexpr std::size_t most_children = 63;  // as many as one thread can wait for, less one
#endif

}  // namespace tessera::host
