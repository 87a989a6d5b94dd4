// Floor 1, host: the cores that this process may use, and the size of their cache.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <tessera/base/config.hpp>

namespace tessera::host {

#if defined(TESSERA_WIN32)
/// False: a pinned thread prefers its core, but runs elsewhere if that core is busy.
inline constexpr bool pinning_is_strict = false;
#else
/// True: a pinned thread waits for its core, however long another thread has it.
inline constexpr bool pinning_is_strict = true;
#endif

struct CgroupTree;

/// The number of cores by affinity, or fewer if the quota of a control group or of its parents is
/// lower (cpu.max; cpu.cfs_quota_us in version 1). At least 1. `tree`: where groups are told, for
/// tests (cgroup.hpp).
std::size_t usable_cores();
std::size_t usable_cores(const CgroupTree& tree);

/// The cores on which this thread may run, its present one first; empty if the system does not
/// report them.
std::vector<int> allowed_cores();

/// The core on which this thread runs now; -1 if the system does not report it.
int this_core() noexcept;

/// Pins this process's only thread to these cores. A hint: if the system refuses, nothing changes.
/// The system undoes it if it takes the cores from this process.
void pin_to(const std::vector<int>& cores) noexcept;

/// The CPU time of this thread so far; 0 if the system does not report it.
std::chrono::nanoseconds cpu_time() noexcept;

/// Bytes of the largest cache of this machine's first core; 0 if unknown.
std::size_t last_level_cache();

}  // namespace tessera::host

#if !defined(TESSERA_COMPILED)
#include <tessera/host/cpus_impl.hpp>
#endif
