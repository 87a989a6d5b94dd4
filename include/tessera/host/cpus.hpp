// Floor 1, host: the cores that this process may use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>

#include <tessera/base/config.hpp>

#if defined(TESSERA_LINUX)
#include <sched.h>
#endif

namespace tessera::host {

/// Cores by affinity, or fewer where the control group's quota (cpu.max) allows less. At least 1.
inline std::size_t usable_cores() {
  std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
#if defined(TESSERA_LINUX)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    cores = static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) != 0) continue;
    std::ifstream limit("/sys/fs/cgroup" + line.substr(3) + "/cpu.max");
    std::string quota;
    double period = 0;
    if (limit >> quota >> period && quota != "max" && period > 0) {
      const double allowed = std::max(1.0, std::stod(quota) / period + 0.5);
      cores = std::min(cores, static_cast<std::size_t>(allowed));
    }
  }
#endif
  return cores;
}

}  // namespace tessera::host
